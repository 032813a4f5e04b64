import D from 'better-sqlite3';
for (const p of ['/tmp/lib', '/tmp/lib2']) {
  const d = new D(p + '/library.db', { readonly: true });
  for (const t of ['photo', 'cluster', 'pair', 'scene'])
    console.log(p, t, d.prepare(`select count(*) from ${t}`).pluck().get());
  console.log(d.prepare('select parameters from training_run').pluck().all().at(-1));
}
