/** Preloaded: TensorFlow's packages are those of the folder `COVIS_STAND_INS` alone, whatever is installed beside Covis. */
import { existsSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (!/^@tensorflow\/tfjs-node(-gpu)?$/.test(request)) return resolve.call(this, request, ...rest);
  const folder = join(process.env.COVIS_STAND_INS, request);
  if (existsSync(folder)) return resolve.call(this, folder, ...rest);
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
};
