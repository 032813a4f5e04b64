import type { Preprocess } from '../../../shared/domain.ts';
import type { PIXELS } from '../../../shared/facts/pixels.ts';

/** How common families of networks want their pixels. */
export const PREPROCESSING = {
  /** PyTorch's: 0..1, ImageNet mean and deviation. */
  torchvision: { order: 'RGB', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  /** Caffe's, and Keras's ResNet and VGG: BGR 0..255 minus the mean. */
  caffe: { order: 'BGR', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  /** TensorFlow's MobileNet and Inception: -1..1. */
  tensorflow: { order: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  /** CLIP's, also of OpenCLIP: 0..1, mean and deviation of the photos that it was trained on. */
  clip: {
    order: 'RGB',
    scale: 1 / 255,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
  },
  /** SigLIP's and timm's ViT's: -1..1. */
  siglip: { order: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  /** 0..1. */
  unit: { order: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
  /** 0..255, for networks that normalise by themselves. */
  bytes: { order: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
} as const satisfies Record<(typeof PIXELS)[number], Preprocess>;
