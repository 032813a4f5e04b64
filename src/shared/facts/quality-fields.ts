/** What is measured of a photo, and what its size says; `docs/methods.md` defines each. */
export const QUALITY_FIELDS = [
  'sharpness',
  'brightness',
  'dark',
  'bright',
  'entropy',
  'colourfulness',
  'blockiness',
  'megapixels',
  'aspect',
] as const;
export type QualityField = (typeof QUALITY_FIELDS)[number];

/** What faces call them. */
export const QUALITY_NAMES: Readonly<Record<QualityField, string>> = {
  sharpness: 'Sharpness',
  brightness: 'Brightness',
  dark: 'Clipped to black',
  bright: 'Clipped to white',
  entropy: 'Entropy',
  colourfulness: 'Colourfulness',
  blockiness: 'Blockiness',
  megapixels: 'Megapixels',
  aspect: 'Width over height',
};
