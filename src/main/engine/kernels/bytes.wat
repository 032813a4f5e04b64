;; Inner products of one query with many rows of bytes. A row is so many signed bytes, padded with zeros to a multiple of sixteen; the query is
;; as many signed 16-bit numbers. Addresses are multiples of sixteen bytes; n and padded dimensions are at least one. See byte-index.ts.
(module
  (memory (import "env" "memory") 1 65536)

  ;; out[i] = <row i, query>, exact while |query| times 127 times dimensions stays below 2^31.
  (func (export "dots") (param $n i32) (param $dim i32) (param $rows i32) (param $query i32) (param $out i32)
    (local $end i32) (local $last i32) (local $at i32) (local $bytes v128) (local $s v128) (local $t v128)
    (local.set $last (i32.add (local.get $out) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $s (v128.const i64x2 0 0))
      (local.set $t (v128.const i64x2 0 0))
      (local.set $at (local.get $query))
      (local.set $end (i32.add (local.get $rows) (local.get $dim)))
      (loop $sixteen
        (local.set $bytes (v128.load (local.get $rows)))
        (local.set $s (i32x4.add (local.get $s)
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $bytes)) (v128.load offset=0 (local.get $at)))))
        (local.set $t (i32x4.add (local.get $t)
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $bytes)) (v128.load offset=16 (local.get $at)))))
        (local.set $rows (i32.add (local.get $rows) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br_if $sixteen (i32.lt_u (local.get $rows) (local.get $end))))
      (local.set $s (i32x4.add (local.get $s) (local.get $t)))
      (i32.store (local.get $out)
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $s)) (i32x4.extract_lane 1 (local.get $s)))
          (i32.add (i32x4.extract_lane 2 (local.get $s)) (i32x4.extract_lane 3 (local.get $s)))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $out) (local.get $last)))))
)
