/** Photos for a page without an engine: places drawn from a number, each seen from several sides, upright and across. */

/** A repeatable number from 0 to 1. */
function random(seed: number): () => number {
  let s = seed * 2_654_435_761;
  return () => {
    s = Math.imul(s ^ (s >>> 15), 2_246_822_507) ^ Math.imul(s ^ (s >>> 13), 3_266_489_909);
    return ((s ^= s >>> 16) >>> 0) / 4_294_967_296;
  };
}

/** An address for `photo-7`, or for anything else one that cannot be read. */
export function drawnPhoto(id: string, size: number): string {
  const n = /^photo-(\d+)$/.exec(id)?.[1];
  if (n === undefined) return 'data:image/png;base64,AAAA';
  const index = Number(n);
  const place = random(Math.floor(index / 4) + 1);
  const side = random(index + 101);
  const upright = index % 5 === 3;
  const [w, h] = upright ? [300, 400] : [400, 300];
  const hue = 195 + place() * 40;
  const stone = 18 + place() * 34;
  const light = 58 + place() * 16;
  const floors = 2 + Math.floor(place() * 3);
  const windows = 3 + Math.floor(place() * 4);
  const tower = place() > 0.45;
  const x = w * (0.12 + side() * 0.14);
  const wide = w * (0.5 + side() * 0.22);
  const ground = h * 0.84;
  const tall = h * (0.36 + side() * 0.16);
  const parts = [
    `<linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl(${hue} 52% ${48 + side() * 18}%)"/><stop offset="1" stop-color="hsl(${hue - 150} 40% 86%)"/></linearGradient>`,
    `<rect width="${w}" height="${h}" fill="url(#s)"/>`,
    `<path d="M0 ${h * 0.72}q${w * 0.25} ${-h * 0.14} ${w * 0.5} 0t${w * 0.5} 0V${h}H0z" fill="hsl(${100 + place() * 50} 18% 44%)"/>`,
    `<rect x="${x}" y="${ground - tall}" width="${wide}" height="${tall}" fill="hsl(${stone} 30% ${light}%)"/>`,
    `<path d="M${x - 8} ${ground - tall}L${x + wide / 2} ${ground - tall - h * 0.13}L${x + wide + 8} ${ground - tall}z" fill="hsl(${stone - 12} 42% 38%)"/>`,
  ];
  if (tower)
    parts.push(
      `<rect x="${x + wide - 24}" y="${ground - tall * 1.5}" width="${w * 0.13}" height="${tall * 1.5}" fill="hsl(${stone} 26% ${light - 12}%)"/>`,
      `<path d="M${x + wide - 30} ${ground - tall * 1.5}l${w * 0.08} ${-h * 0.12}l${w * 0.08} ${h * 0.12}z" fill="hsl(${stone - 12} 42% 30%)"/>`,
    );
  for (let f = 0; f < floors; f += 1)
    for (let k = 0; k < windows; k += 1) {
      const cell = wide / windows;
      const step = tall / (floors + 0.4);
      parts.push(
        `<rect x="${x + cell * (k + 0.3)}" y="${ground - tall + step * (f + 0.35)}" width="${cell * 0.36}" height="${step * 0.5}" fill="hsl(${hue} 22% ${24 + side() * 16}%)"/>`,
      );
    }
  parts.push(`<rect y="${ground}" width="${w}" height="${h - ground}" fill="hsl(40 12% ${56 + side() * 10}%)"/>`);
  const scale = size / Math.max(w, h);
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="${w * scale}" height="${h * scale}" viewBox="0 0 ${w} ${h}">${parts.join('')}</svg>`)}`;
}

export const PHOTOS = Array.from({ length: 2000 }, (_, i) => ({
  id: `photo-${i}`,
  name: `square/IMG_${4200 + i}.jpg`,
}));
