/** How families of networks want their pixels. */
export const PIXELS = ['torchvision', 'caffe', 'tensorflow', 'clip', 'siglip', 'unit', 'bytes'] as const;
