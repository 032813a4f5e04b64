;; Inner products of one query with many rows, single precision. Rows and query are padded with zeros to a multiple of sixteen floats and
;; lie at addresses that are multiples of sixteen bytes; n and padded dimensions are at least one. See retrieval/cosines.ts.
(module
  (memory (import "env" "memory") 1 65536)

  ;; One inner product: four sums of every fourth four, added pairwise.
  (func $dot (param $dim i32) (param $row i32) (param $query i32) (result f32)
    (local $end i32) (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $end (i32.add (local.get $row) (i32.shl (local.get $dim) (i32.const 2))))
    (loop $sixteen
      (local.set $s0 (f32x4.add (local.get $s0)
        (f32x4.mul (v128.load offset=0 (local.get $row)) (v128.load offset=0 (local.get $query)))))
      (local.set $s1 (f32x4.add (local.get $s1)
        (f32x4.mul (v128.load offset=16 (local.get $row)) (v128.load offset=16 (local.get $query)))))
      (local.set $s2 (f32x4.add (local.get $s2)
        (f32x4.mul (v128.load offset=32 (local.get $row)) (v128.load offset=32 (local.get $query)))))
      (local.set $s3 (f32x4.add (local.get $s3)
        (f32x4.mul (v128.load offset=48 (local.get $row)) (v128.load offset=48 (local.get $query)))))
      (local.set $row (i32.add (local.get $row) (i32.const 64)))
      (local.set $query (i32.add (local.get $query) (i32.const 64)))
      (br_if $sixteen (i32.lt_u (local.get $row) (local.get $end))))
    (local.set $s0 (f32x4.add (f32x4.add (local.get $s0) (local.get $s1)) (f32x4.add (local.get $s2) (local.get $s3))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $s0)) (f32x4.extract_lane 1 (local.get $s0)))
      (f32.add (f32x4.extract_lane 2 (local.get $s0)) (f32x4.extract_lane 3 (local.get $s0)))))

  ;; out[i] = <row i, query>
  (func (export "dots") (param $n i32) (param $dim i32) (param $rows i32) (param $query i32) (param $out i32)
    (local $step i32) (local $end i32)
    (local.set $step (i32.shl (local.get $dim) (i32.const 2)))
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (f32.store (local.get $out) (call $dot (local.get $dim) (local.get $rows) (local.get $query)))
      (local.set $rows (i32.add (local.get $rows) (local.get $step)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $out) (local.get $end)))))

  ;; best[i] = max(best[i], <row i, query>)
  (func (export "nearer") (param $n i32) (param $dim i32) (param $rows i32) (param $query i32) (param $best i32)
    (local $step i32) (local $end i32) (local $d f32)
    (local.set $step (i32.shl (local.get $dim) (i32.const 2)))
    (local.set $end (i32.add (local.get $best) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $d (call $dot (local.get $dim) (local.get $rows) (local.get $query)))
      (if (f32.gt (local.get $d) (f32.load (local.get $best))) (then (f32.store (local.get $best) (local.get $d))))
      (local.set $rows (i32.add (local.get $rows) (local.get $step)))
      (local.set $best (i32.add (local.get $best) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $best) (local.get $end)))))

  ;; Sum over i of max(0, <row i, query> - best[i])
  (func (export "gain") (param $n i32) (param $dim i32) (param $rows i32) (param $query i32) (param $best i32) (result f64)
    (local $step i32) (local $end i32) (local $d f32) (local $sum f64)
    (local.set $step (i32.shl (local.get $dim) (i32.const 2)))
    (local.set $end (i32.add (local.get $best) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $d
        (f32.sub (call $dot (local.get $dim) (local.get $rows) (local.get $query)) (f32.load (local.get $best))))
      (if (f32.gt (local.get $d) (f32.const 0))
        (then (local.set $sum (f64.add (local.get $sum) (f64.promote_f32 (local.get $d))))))
      (local.set $rows (i32.add (local.get $rows) (local.get $step)))
      (local.set $best (i32.add (local.get $best) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $best) (local.get $end))))
    (local.get $sum))
)
