import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readExif } from '../../../src/main/engine/library/exif.ts';

type Tags = Readonly<Record<string, string>>;
const NOW = Date.UTC(2024, 5, 1) / 1000;

/** What is read of a photo with these texts: Make and Model, times and zones, place. */
async function facts(ifd0: Tags, exif: Tags = {}, gps: Tags = {}): Promise<ReturnType<typeof readExif>> {
  const bytes = await sharp(Buffer.alloc(3 * 64), { raw: { width: 8, height: 8, channels: 3 } })
    .withExif({ IFD0: ifd0, IFD2: exif, IFD3: gps })
    .jpeg()
    .toBuffer();
  return readExif((await sharp(bytes).metadata()).exif, 8, NOW);
}
const taken = async (exif: Tags, ifd0: Tags = {}): Promise<number | null> => (await facts(ifd0, exif)).taken;
const utc = (...at: [number, number, number, number?, number?, number?]): number =>
  Date.UTC(at[0], at[1] - 1, at[2], at[3] ?? 0, at[4] ?? 0, at[5] ?? 0) / 1000;

describe('when a photo was taken', () => {
  it('is the instant where the camera wrote its zone, its clock where it did not', async () => {
    const at = '2021:06:05 14:03:02';
    const of = async (zone: string): Promise<number | null> =>
      taken({ DateTimeOriginal: at, OffsetTimeOriginal: zone, SubSecTimeOriginal: '73' });
    expect(await taken({ DateTimeOriginal: at })).toBe(utc(2021, 6, 5, 14, 3, 2));
    expect(await of('+02:00')).toBe(utc(2021, 6, 5, 12, 3, 2));
    expect(await of('-03:30')).toBe(utc(2021, 6, 5, 17, 33, 2));
    expect(await of('Z')).toBe(utc(2021, 6, 5, 14, 3, 2));
    expect(await of('+14:00')).toBe(utc(2021, 6, 5, 0, 3, 2));
    // No zones.
    for (const none of ['   :  ', '+25:00', '+02:75', 'CEST']) expect(await of(none)).toBe(utc(2021, 6, 5, 14, 3, 2));
  });

  it('OffsetTime counts where DateTime is the same moment or not there', async () => {
    const original = { DateTimeOriginal: '2021:06:05 14:00:00', OffsetTime: '+02:00' };
    expect(await taken(original)).toBe(utc(2021, 6, 5, 12));
    expect(await taken(original, { DateTime: '2021:06:05 14:00:00' })).toBe(utc(2021, 6, 5, 12));
    // Edited later, elsewhere.
    expect(await taken(original, { DateTime: '2023:01:02 08:00:00' })).toBe(utc(2021, 6, 5, 14));
    expect(await taken({ OffsetTime: '-01:00' }, { DateTime: '2023:01:02 08:00:00' })).toBe(utc(2023, 1, 2, 9));
  });

  it('dates that no calendar has are none, and no other date stands in for them', async () => {
    const none = [
      '2019:13:45 00:00:00',
      '2019:02:30 10:00:00',
      '2019:02:29 10:00:00',
      '2019:00:10 10:00:00',
      '2019:05:04 24:00:00',
      '2019:05:04 10:60:00',
      '2019:13:45',
      'yesterday',
      '1969:07:20 20:17:40',
    ];
    for (const date of none) {
      expect([date, await taken({ DateTimeOriginal: date })]).toEqual([date, null]);
      expect(await taken({ DateTimeOriginal: date }, { DateTime: '2020:01:02 03:04:05' })).toBe(null);
    }
    for (const blank of ['0000:00:00 00:00:00', '    :  :     :  :  ']) {
      expect(await taken({ DateTimeOriginal: blank })).toBe(null);
      expect(await taken({ DateTimeOriginal: blank, DateTimeDigitized: '2020:01:02 03:04:05' })).toBe(
        utc(2020, 1, 2, 3, 4, 5),
      );
    }
    expect(await taken({ DateTimeOriginal: '2020:02:29 23:59:59' })).toBe(utc(2020, 2, 29, 23, 59, 59));
    expect(await taken({ DateTimeOriginal: '2020-03-04T05:06:07' })).toBe(utc(2020, 3, 4, 5, 6, 7));
  });

  it('a clock that was never set, or runs ahead, says nothing', async () => {
    for (const date of [
      '2000:01:01 00:00:00',
      '2000:01:01 00:47:11',
      '1970:01:01 12:00:00',
      '1980:01:01 03:02:01',
      '2002:01:01 00:00:00',
      '2015:01:01 00:00:31',
      '2024:06:03 00:00:00',
      '2151:01:02 00:00:00',
    ])
      expect([date, await taken({ DateTimeOriginal: date })]).toEqual([date, null]);
    expect(await taken({ DateTimeOriginal: '2000:01:01 01:30:00' })).toBe(utc(2000, 1, 1, 1, 30));
    expect(await taken({ DateTimeOriginal: '2015:01:01 00:01:00' })).toBe(utc(2015, 1, 1, 0, 1));
    expect(await taken({ DateTimeOriginal: '2024:06:01 20:00:00' })).toBe(utc(2024, 6, 1, 20));
  });
});

describe('which camera took it', () => {
  it('is not said twice', async () => {
    const camera = async (Make: string, Model: string): Promise<string | null> => (await facts({ Make, Model })).camera;
    expect(await camera('Canon', 'Canon EOS 5D')).toBe('Canon EOS 5D');
    expect(await camera('NIKON CORPORATION', 'NIKON D70')).toBe('NIKON D70');
    expect(await camera('LG Electronics', 'LG-H870')).toBe('LG-H870');
    expect(await camera('Apple', 'iPhone 12')).toBe('Apple iPhone 12');
    expect(await camera('SONY', 'SONY')).toBe('SONY');
    expect((await facts({ Make: 'Canon' })).camera).toBe('Canon');
  });
});

describe('where it was taken', () => {
  const HERE = {
    GPSLatitudeRef: 'S',
    GPSLatitude: '33/1 51/1 30/1',
    GPSLongitudeRef: 'W',
    GPSLongitude: '151/1 12/1 0/1',
  };

  it('is in degrees, south and west negative', async () => {
    const { latitude, longitude } = await facts({}, {}, HERE);
    expect(latitude).toBeCloseTo(-33.858333, 5);
    expect(longitude).toBeCloseTo(-151.2, 5);
  });

  it('is nowhere with a half that is none, a denominator of 0, degrees that the globe has not, or no fix', async () => {
    const wrong: Tags[] = [
      { GPSLatitudeRef: 'X' },
      { GPSLongitudeRef: 'N' },
      { GPSLatitude: '33/1 51/1 30/0' },
      { GPSLatitude: '33/0 51/1 30/1' },
      { GPSLatitude: '91/1 0/1 0/1' },
      { GPSLatitude: '90/1 0/1 1/1' },
      { GPSLatitude: '33/1 75/1 0/1' },
      { GPSLongitude: '181/1 0/1 0/1' },
      { GPSLatitude: '0/1 0/1 0/1', GPSLongitude: '0/1 0/1 0/1' },
      { GPSStatus: 'V' },
    ];
    for (const w of wrong) expect([w, (await facts({}, {}, { ...HERE, ...w })).latitude]).toEqual([w, null]);
    const { GPSLatitudeRef: _, ...halfless } = HERE;
    expect((await facts({}, {}, halfless)).latitude).toBe(null);
  });
});
