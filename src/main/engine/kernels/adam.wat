;; One step of Adam for n weights (a multiple of four), single precision, in place. See adam.ts for the formula.
(module
  (memory (export "memory") 1 65536)

  (func (export "adam") (param $n i32) (param $weights i32) (param $gradient i32) (param $first i32) (param $second i32)
      (param $decay f32) (param $beta1 f32) (param $beta2 f32) (param $rate f32) (param $scale f32) (param $epsilon f32)
    (local $end i32) (local $w v128) (local $g v128) (local $m v128) (local $v v128)
    (local $vd v128) (local $b1 v128) (local $r1 v128) (local $b2 v128) (local $r2 v128)
    (local $vr v128) (local $vs v128) (local $ve v128)
    (local.set $vd (f32x4.splat (local.get $decay)))
    (local.set $b1 (f32x4.splat (local.get $beta1)))
    (local.set $r1 (f32x4.splat (f32.sub (f32.const 1) (local.get $beta1))))
    (local.set $b2 (f32x4.splat (local.get $beta2)))
    (local.set $r2 (f32x4.splat (f32.sub (f32.const 1) (local.get $beta2))))
    (local.set $vr (f32x4.splat (local.get $rate)))
    (local.set $vs (f32x4.splat (local.get $scale)))
    (local.set $ve (f32x4.splat (local.get $epsilon)))
    (local.set $end (i32.add (local.get $weights) (i32.shl (local.get $n) (i32.const 2))))
    (block $done
      (loop $four
        (br_if $done (i32.ge_u (local.get $weights) (local.get $end)))
        (local.set $w (v128.load (local.get $weights)))
        (local.set $g (f32x4.add (v128.load (local.get $gradient)) (f32x4.mul (local.get $vd) (local.get $w))))
        (local.set $m
          (f32x4.add
            (f32x4.mul (local.get $b1) (v128.load (local.get $first)))
            (f32x4.mul (local.get $r1) (local.get $g))))
        (local.set $v
          (f32x4.add
            (f32x4.mul (local.get $b2) (v128.load (local.get $second)))
            (f32x4.mul (f32x4.mul (local.get $r2) (local.get $g)) (local.get $g))))
        (v128.store (local.get $first) (local.get $m))
        (v128.store (local.get $second) (local.get $v))
        (v128.store (local.get $weights)
          (f32x4.sub
            (local.get $w)
            (f32x4.div
              (f32x4.mul (local.get $vr) (local.get $m))
              (f32x4.add (f32x4.mul (f32x4.sqrt (local.get $v)) (local.get $vs)) (local.get $ve)))))
        (local.set $weights (i32.add (local.get $weights) (i32.const 16)))
        (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
        (local.set $first (i32.add (local.get $first) (i32.const 16)))
        (local.set $second (i32.add (local.get $second) (i32.const 16)))
        (br $four)))))
