import D from 'better-sqlite3';
const d = new D(process.argv[2]! + '/library.db', { readonly: true });
console.log(
  d.prepare("select id,uid,json_extract(spec,'$.name') n from network").all(),
  d.prepare('select id,map_before,network_id,result_id from training_run').all(),
);
