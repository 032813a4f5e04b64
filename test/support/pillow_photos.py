'''Writes photos of many kinds and, as NAME.rgb, the pixels that Pillow sees in each; gold.json has their sizes. Prints the version of Little CMS.'''
import io
import json
import sys

import numpy as np
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import ImageFileDirectory_v2
out=sys.argv[1]
H,W=24,32
y,x=np.mgrid[0:H,0:W]
rgb=np.stack([x*255//(W-1),y*255//(H-1),(x+y)*255//(W+H-2)],-1).astype(np.uint8)
grey=((x*7+y*3)%256).astype(np.uint8)
gold={}
def keep(name, a):
    a=np.asarray(a,dtype=np.float64)
    if a.ndim==2: a=np.repeat(a[...,None],3,2)
    a=np.clip(np.rint(a),0,255).astype(np.uint8)
    a.tofile(f'{out}/{name}.rgb'); gold[name]=[a.shape[1],a.shape[0]]
def pil(name, **k):
    im=Image.open(f'{out}/{name}'); keep(name, im.convert('RGB'))
im=Image.fromarray(rgb); g=Image.fromarray(grey)
im.save(f'{out}/rgb8.png'); pil('rgb8.png')
im.save(f'{out}/rgb8.tif'); pil('rgb8.tif')
im.save(f'{out}/plain.jpg',quality=95,subsampling=0); pil('plain.jpg')
im.save(f'{out}/progressive.jpg',quality=95,subsampling=0,progressive=True); pil('progressive.jpg')
g.save(f'{out}/grey.jpg',quality=95); pil('grey.jpg')
g.save(f'{out}/grey8.png'); pil('grey8.png')
# 16 bit
g16=(x*2000+y*100).astype(np.uint16)
Image.fromarray(g16).save(f'{out}/grey16.png'); keep('grey16.png', g16/257)
Image.fromarray(g16).save(f'{out}/grey16.tif'); keep('grey16.tif', g16/257)
# only 12 bits used, as scientific cameras do
low=(x*100+y*10).astype(np.uint16)
Image.fromarray(low).save(f'{out}/grey12in16.tif'); keep('grey12in16.tif', low/257)
i32=(x.astype(np.int32)*60000000+y*1000)
Image.fromarray(i32.astype(np.int32)).save(f'{out}/int32.tif')
f=((x/(W-1))*0.5+(y/(H-1))*0.5).astype(np.float32)
Image.fromarray(f).save(f'{out}/float01.tif'); keep('float01.tif', f*255)
Image.fromarray(f*255).save(f'{out}/float255.tif'); keep('float255.tif', f*255)
nan=f.copy(); nan[0,0]=np.nan; Image.fromarray(nan).save(f'{out}/nan.tif'); Image.fromarray(f*1.3).save(f'{out}/brighter.tif')
Image.fromarray((f*200).astype(np.int32)).save(f'{out}/int32low.tif'); keep('int32low.tif', (f*200).astype(np.int32))
Image.fromarray(f*1000-300).save(f'{out}/floatrange.tif')
c=im.convert('CMYK'); c.save(f'{out}/cmyk.jpg',quality=95); pil('cmyk.jpg')
c.save(f'{out}/cmyk.tif'); pil('cmyk.tif')
p=im.quantize(32); p.save(f'{out}/palette.png'); pil('palette.png')
p.save(f'{out}/palette.gif'); pil('palette.gif')
bit=Image.fromarray((grey>127)); bit.save(f'{out}/bit.png'); pil('bit.png'); bit.save(f'{out}/bit.tif'); pil('bit.tif')
bit.save(f'{out}/bitg4.tif',compression='group4'); pil('bitg4.tif')
a=np.dstack([rgb, ((x*8)%256).astype(np.uint8)])
Image.fromarray(a).save(f'{out}/rgba.png')
def over(rgb,al): return rgb*(al[...,None]/255.)+255*(1-al[...,None]/255.)
keep('rgba.png', over(rgb.astype(float),a[...,3].astype(float)))
la=Image.merge('LA',[g,Image.fromarray(a[...,3].copy())]); la.save(f'{out}/la.png'); keep('la.png', over(np.repeat(grey[...,None],3,2).astype(float),a[...,3].astype(float)))
pt=im.quantize(16); pt.save(f'{out}/ptrans.gif',transparency=3); o=Image.open(f'{out}/ptrans.gif').convert('RGBA'); bg=Image.new('RGBA',o.size,'white'); keep('ptrans.gif', Image.alpha_composite(bg,o).convert('RGB'))
pt.save(f'{out}/ptrans.png',transparency=3); o=Image.open(f'{out}/ptrans.png').convert('RGBA'); keep('ptrans.png', Image.alpha_composite(bg,o).convert('RGB'))
Image.fromarray(rgb).save(f'{out}/anim.gif',save_all=True,append_images=[g.convert('RGB')]); pil('anim.gif')
im.save(f'{out}/anim.webp',save_all=True,append_images=[g.convert('RGB')],lossless=True); pil('anim.webp')
im.save(f'{out}/pages.tif',save_all=True,append_images=[g.convert('RGB')]); pil('pages.tif')
for k in range(1,9):
    e=Image.Exif(); e[0x112]=k
    im.save(f'{out}/turn{k}.jpg',quality=95,subsampling=0,exif=e.tobytes()); keep(f'turn{k}.jpg', ImageOps.exif_transpose(Image.open(f'{out}/turn{k}.jpg')).convert('RGB'))
    im.save(f'{out}/turn{k}.png',exif=e.tobytes()); keep(f'turn{k}.png', ImageOps.exif_transpose(Image.open(f'{out}/turn{k}.png')).convert('RGB'))
    ifd=ImageFileDirectory_v2(); ifd[0x112]=k
    im.save(f'{out}/turn{k}.tif',tiffinfo=ifd); keep(f'turn{k}.tif', ImageOps.exif_transpose(Image.open(f'{out}/turn{k}.png')).convert('RGB'))
srgb=ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
im.save(f'{out}/srgb.jpg',quality=95,subsampling=0,icc_profile=srgb); pil('srgb.jpg')
g.save(f'{out}/greyinv.tif',tiffinfo={262:0}); pil('greyinv.tif')
Image.fromarray(rgb).save(f'{out}/lzw.tif',compression='tiff_lzw'); pil('lzw.tif')
Image.fromarray(rgb).save(f'{out}/jpegc.tif',compression='jpeg',quality=95); pil('jpegc.tif')
for name in sys.argv[2:]:
    o=Image.open(f'{out}/{name}'); profile=ImageCms.ImageCmsProfile(io.BytesIO(o.info['icc_profile']))
    keep(name, ImageCms.profileToProfile(o, profile, ImageCms.createProfile('sRGB'), renderingIntent=0, outputMode='RGB'))
json.dump(gold,open(f'{out}/gold.json','w'))
print(ImageCms.core.littlecms_version)
