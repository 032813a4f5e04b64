import { join } from 'node:path';
import { SENSOR_TYPES } from '../colmap-rigs.ts';
import type { Pose, SparseModel } from '../model.ts';
import { write, type Sink } from './sink.ts';

/** `rigs.bin` and `frames.bin` of COLMAP 4; none where the model has no rigs. */
export function rigsBinary({ rigs: said }: SparseModel, folder: string): string[] {
  if (said === undefined) return [];
  const pose = (s: Sink, { rotation, translation }: Pose): void => {
    for (const v of [...rotation, ...translation]) s.f64(v);
  };
  return [
    write(join(folder, 'rigs.bin'), (s) => {
      s.u64(said.rigs.length);
      for (const r of said.rigs) {
        s.u32(r.id);
        s.u32(r.sensors.length);
        r.sensors.forEach((sensor, i) => {
          s.i32(sensor.type);
          s.u32(sensor.id);
          if (i === 0) return;
          s.u8(sensor.pose === undefined ? 0 : 1);
          if (sensor.pose !== undefined) pose(s, sensor.pose);
        });
      }
    }),
    write(join(folder, 'frames.bin'), (s) => {
      s.u64(said.frames.length);
      for (const f of said.frames) {
        s.u32(f.id);
        s.u32(f.rigId);
        pose(s, f.pose);
        s.u32(f.data.length);
        for (const d of f.data) {
          s.i32(d.type);
          s.u32(d.id);
          s.u64(d.data);
        }
      }
    }),
  ];
}

/** As {@link rigsBinary}, as text. */
export function rigsText({ rigs: said }: SparseModel, folder: string): string[] {
  if (said === undefined) return [];
  const pose = ({ rotation, translation }: Pose): string => [...rotation, ...translation].join(' ');
  const name = (type: number): string => SENSOR_TYPES[type] ?? 'INVALID';
  return [
    write(join(folder, 'rigs.txt'), (s) => {
      s.text(
        '# RIG_ID, NUM_SENSORS, REF_SENSOR_TYPE, REF_SENSOR_ID, SENSORS[] as (SENSOR_TYPE, SENSOR_ID, HAS_POSE, [POSE])\n',
      );
      for (const r of said.rigs) {
        s.text(`${r.id} ${r.sensors.length}`);
        r.sensors.forEach((sensor, i) => {
          s.text(` ${name(sensor.type)} ${sensor.id}`);
          if (i > 0) s.text(sensor.pose === undefined ? ' 0' : ` 1 ${pose(sensor.pose)}`);
        });
        s.text('\n');
      }
    }),
    write(join(folder, 'frames.txt'), (s) => {
      s.text('# FRAME_ID, RIG_ID, RIG_FROM_WORLD[], NUM_DATA_IDS, DATA_IDS[] as (SENSOR_TYPE, SENSOR_ID, DATA_ID)\n');
      for (const f of said.frames) {
        s.text(`${f.id} ${f.rigId} ${pose(f.pose)} ${f.data.length}`);
        for (const d of f.data) s.text(` ${name(d.type)} ${d.id} ${d.data}`);
        s.text('\n');
      }
    }),
  ];
}
