import { hdf5 } from './hdf5.ts';
import { jsonl } from './jsonl.ts';
import { mat } from './mat.ts';
import { npy } from './npy.ts';
import type { DescriptorReader } from './reader.ts';

/** Formats of descriptor files, in the order of recognition: MATLAB 7.3 is HDF5 first. */
export const DESCRIPTOR_READERS: readonly DescriptorReader[] = [npy, hdf5, mat, jsonl];
