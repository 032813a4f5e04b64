"""Small random networks of the architectures that people retrieve with: their ONNX file, and PyTorch's loss and gradients of one tuple.

Usage: gradients_torch.py FOLDER [NAME ...]  ->  one JSON line for each network on standard output:
{name, file, size, loss, seconds, weights: [{name, dims, value, gradient}]}, the arrays being .npy files in FOLDER.
Needs torch, torchvision, timm, onnx and onnxscript; weights are random, nothing is downloaded.
"""
import json
import sys
import time
import warnings

import numpy as np
import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.fx.experimental.optimization import fuse

warnings.filterwarnings("ignore")
folder, only = sys.argv[1], sys.argv[2:]
IMAGES, MARGIN = 4, 1.5


class L2(nn.Module):
    def forward(self, x):
        return F.normalize(x, p=2, dim=1)


class GeM(nn.Module):
    """cirtorch's, CosPlace's."""

    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.ones(1) * 3)

    def forward(self, x):
        return F.avg_pool2d(x.clamp(min=1e-6).pow(self.p), (x.size(-2), x.size(-1))).pow(1.0 / self.p).flatten(1)


class NetVLAD(nn.Module):
    def __init__(self, clusters, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, clusters, 1)
        self.centroids = nn.Parameter(torch.rand(clusters, dim))

    def forward(self, x):
        n, c = x.shape[:2]
        x = F.normalize(x, p=2, dim=1)
        soft = F.softmax(self.conv(x).view(n, self.conv.out_channels, -1), dim=1)
        flat = x.view(n, c, -1)
        residual = flat.unsqueeze(1) - self.centroids.unsqueeze(0).unsqueeze(-1)
        vlad = (residual * soft.unsqueeze(2)).sum(-1)
        return F.normalize(F.normalize(vlad, p=2, dim=2).flatten(1), p=2, dim=1)


class EinsumVLAD(NetVLAD):
    def forward(self, x):
        n, c = x.shape[:2]
        soft = F.softmax(self.conv(x).view(n, self.conv.out_channels, -1), dim=1)
        vlad = torch.einsum("bkn,bcn->bkc", soft, x.view(n, c, -1)) - soft.sum(-1).unsqueeze(-1) * self.centroids
        return F.normalize(F.normalize(vlad, p=2, dim=2).flatten(1), p=2, dim=1)


class Mixer(nn.Module):
    def __init__(self, places):
        super().__init__()
        self.mix = nn.Sequential(nn.LayerNorm(places), nn.Linear(places, places), nn.ReLU(), nn.Linear(places, places))

    def forward(self, x):
        return x + self.mix(x)


class MixVPR(nn.Module):
    def __init__(self, channels, places):
        super().__init__()
        self.mix = nn.Sequential(*[Mixer(places) for _ in range(4)])
        self.channels = nn.Linear(channels, 32)
        self.rows = nn.Linear(places, 4)

    def forward(self, x):
        x = self.mix(x.flatten(2)).permute(0, 2, 1)
        x = self.rows(self.channels(x).permute(0, 2, 1))
        return F.normalize(x.flatten(1), p=2, dim=-1)


class SALAD(nn.Module):
    """Optimal transport of tokens to clusters, a dustbin among them."""

    def __init__(self, dim, clusters=6, to=8):
        super().__init__()
        self.score = nn.Sequential(nn.Conv2d(dim, 16, 1), nn.ReLU(), nn.Conv2d(16, clusters, 1))
        self.features = nn.Sequential(nn.Conv2d(dim, 16, 1), nn.ReLU(), nn.Conv2d(16, to, 1))
        self.dust = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        f, s = self.features(x).flatten(2), self.score(x).flatten(2)
        n, m, k = s.shape
        s = torch.cat([s, self.dust.reshape(1, 1, 1).expand(n, 1, k)], 1)
        for _ in range(3):
            s = s - torch.logsumexp(s, 2, keepdim=True)
            s = s - torch.logsumexp(s, 1, keepdim=True)
        p = s.exp()[:, :-1]
        v = (f.unsqueeze(2) * p.unsqueeze(1)).sum(-1)
        return F.normalize(F.normalize(v, p=2, dim=1).flatten(1), p=2, dim=1)


class Resnet(nn.Module):
    """The map of a small ResNet."""

    def __init__(self):
        super().__init__()
        r = torchvision.models.resnet18(weights=None)
        self.body = nn.Sequential(r.conv1, r.bn1, r.relu, r.maxpool, r.layer1, r.layer2)

    def forward(self, x):
        return self.body(x)


class Tokens(nn.Module):
    """A transformer of torchvision's, CLIP's kind: its class token projected."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 48, 16, 16)
        self.cls = nn.Parameter(torch.randn(1, 1, 48) * 0.1)
        self.pos = nn.Parameter(torch.randn(1, 17, 48) * 0.1)
        self.pre = nn.LayerNorm(48)
        torch.backends.mha.set_fastpath_enabled(False)
        layer = nn.TransformerEncoderLayer(48, 4, 96, 0.0, lambda x: x * torch.sigmoid(1.702 * x), batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.post = nn.LayerNorm(48)
        self.proj = nn.Parameter(torch.randn(48, 24) * 0.1)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.post(self.blocks(self.pre(x))[:, 0]) @ self.proj


class Resampled(nn.Module):
    """Maps that are resized, mirrored at their border, and taken place by place."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 16, 3, 2, 1), nn.ReLU())
        self.side = nn.Conv2d(12, 16, 3, 4, 1)
        self.mix = nn.Conv2d(16, 16, 3, padding=1, padding_mode="reflect")
        self.last = nn.Linear(16, 24)

    def forward(self, x):
        first = self.body[1](self.body[0](x))
        x = self.body[3](self.body[2](first))
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) + F.interpolate(self.side(first), scale_factor=4.0, mode="nearest")
        x = F.interpolate(self.mix(x), size=(11, 13), mode="bicubic", align_corners=True)
        places = torch.tensor([0, 3, 3, 10]), torch.tensor([12, 1, 1, 5])
        return self.last(x.permute(2, 3, 0, 1)[places].mean(0))


def seq(*modules):
    return nn.Sequential(*modules)


def timm_model(name, **options):
    return timm.create_model(name, pretrained=False, num_classes=0, **options)


vit = dict(depth=3, embed_dim=64, num_heads=4, img_size=64)
NETWORKS = {
    "vit-s16": (lambda: timm_model("vit_small_patch16_224", **vit), 64),
    "vit-s16-mean": (lambda: timm_model("vit_small_patch16_224", global_pool="avg", fc_norm=False, **vit), 64),
    "dinov2": (lambda: timm_model("vit_small_patch14_dinov2", depth=3, embed_dim=64, num_heads=4, img_size=56), 56),
    "dinov2-reg": (lambda: timm_model("vit_small_patch14_reg4_dinov2", depth=3, embed_dim=64, num_heads=4, img_size=56), 56),
    "dinov3": (lambda: timm_model("vit_small_patch16_dinov3", depth=2, embed_dim=64, num_heads=4, img_size=64), 64),
    "siglip": (lambda: timm_model("vit_base_patch16_siglip_224", depth=2, embed_dim=64, num_heads=4, img_size=64), 64),
    "clip-vit": (lambda: timm_model("vit_base_patch32_clip_224", depth=2, embed_dim=64, num_heads=4, img_size=64), 64),
    "clip-own": (Tokens, 64),
    "clip-rn50": (lambda: timm_model("resnet50_clip", img_size=64), 64),
    "eva02": (lambda: timm_model("eva02_tiny_patch14_224", depth=2, embed_dim=48, num_heads=3, img_size=56), 56),
    "swin": (lambda: timm_model("swin_tiny_patch4_window7_224", embed_dim=24, depths=(2, 2), num_heads=(2, 4), img_size=56), 56),
    "convnext": (lambda: seq(timm_model("convnext_atto", depths=(1, 1, 2, 1), dims=(16, 32, 48, 64)), L2()), 64),
    "fastvit": (lambda: timm_model("fastvit_t8", layers=(1, 1, 1, 1)), 64),
    "edgenext": (lambda: timm_model("edgenext_xx_small"), 64),
    "mobilenetv3-small": (lambda: seq(torchvision.models.mobilenet_v3_small(weights=None).features, GeM(), L2()), 64),
    "efficientnet-b0": (lambda: seq(torchvision.models.efficientnet_b0(weights=None).features, GeM(), L2()), 64),
    "regnet-y": (lambda: seq(timm_model("regnety_002", global_pool=""), GeM(), L2()), 64),
    "resnet-d": (lambda: seq(timm_model("resnet26d", layers=(1, 1, 1, 1), global_pool=""), GeM(), L2()), 75),
    "densenet": (lambda: seq(timm_model("densenet121", block_config=(2, 2), global_pool=""), GeM(), L2()), 64),
    "cirtorch": (lambda: seq(Resnet(), GeM(), L2(), nn.Linear(128, 24), L2()), 64),
    "cosplace": (lambda: seq(Resnet(), L2(), GeM(), nn.Linear(128, 24), L2()), 64),
    "netvlad": (lambda: seq(Resnet(), NetVLAD(8, 128)), 64),
    "netvlad-einsum": (lambda: seq(Resnet(), EinsumVLAD(8, 128)), 64),
    "mixvpr": (lambda: seq(Resnet(), MixVPR(128, 64)), 64),
    "hrnet": (lambda: seq(timm_model("hrnet_w18_small", global_pool=""), GeM(), L2()), 64),
    "repvit": (lambda: timm_model("repvit_m0_9"), 64),
    "efficientvit": (lambda: timm_model("efficientvit_b0"), 64),
    "mobilevitv2": (lambda: timm_model("mobilevitv2_050"), 64),
    "eca-nfnet": (lambda: timm_model("eca_nfnet_l0"), 64),
    "fastvit-sa": (lambda: timm_model("fastvit_sa12", layers=(1, 1, 1, 1), embed_dims=(48, 48, 96, 96)), 64),
    "resnest": (lambda: seq(timm_model("resnest14d", global_pool=""), GeM(), L2()), 64),
    "botnet": (lambda: seq(timm_model("botnet26t_256", img_size=64, global_pool=""), GeM(), L2()), 64),
    "pvt": (lambda: timm_model("pvt_v2_b0"), 64),
    "resampled": (Resampled, 64),
    "salad": (lambda: seq(Resnet(), SALAD(128)), 64),
}


def loss_of(descriptors):
    d = descriptors / (descriptors.norm(dim=1, keepdim=True) + 1e-6)
    q, positive, negatives = d[0:1], d[1:2], d[2:]
    near = ((q - positive + 1e-6) ** 2).sum(1)
    far = ((q - negatives + 1e-6) ** 2).sum(1).sqrt()
    return 0.5 * (near.sum() + ((MARGIN - far).clamp(min=0) ** 2).sum())


def export(model, image, file, how):
    if how == "legacy":
        torch.onnx.export(model, image, file, opset_version=17, dynamo=False, input_names=["image"], output_names=["out"])
    else:
        torch.onnx.export(model, (image,), file, dynamo=True, external_data=False, input_names=["image"], output_names=["out"], verbose=False)


def settle(model, size):
    """Batch statistics of images, and no two vectors of weights alike, so that descriptors differ and each weight is known by its values."""
    for n, p in model.named_parameters():
        if p.dim() <= 1:
            nn.init.uniform_(p, 0.7, 1.3) if p.numel() > 0 and p.mean() > 0.5 else nn.init.uniform_(p, -0.2, 0.2)
        if n.endswith("gamma") or "ls1" in n or "ls2" in n or "layer_scale" in n:
            nn.init.uniform_(p, 0.4, 1.2)
    with torch.no_grad():
        for p in model.parameters():
            # Blocks that were copied begin alike.
            p.mul_(1 + 0.02 * torch.rand_like(p))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    if norms:
        for m in norms:
            m.momentum = 1.0
        with torch.no_grad():
            model.train()(torch.rand(8, 3, size, size) * 2 - 1)
    model.eval()


for name, (make, size) in NETWORKS.items():
    for how in ("dynamo", "legacy"):
        key = f"{name}.{how}"
        if only and name not in only and key not in only:
            continue
        timm.layers.set_fused_attn(how == "dynamo")
        try:
            torch.manual_seed(7)
            model = make().eval()
            settle(model, size)
            try:
                model = fuse(model)
            except Exception:
                pass
            model.requires_grad_(True)
            images = torch.rand(IMAGES, 3, size, size) * 2 - 1
            file = f"{folder}/{key}.onnx"
            with torch.no_grad():
                export(model, images[:1], file, how)
            began = time.perf_counter()
            loss = loss_of(torch.cat([model(i[None]) for i in images]))
            loss.backward()
            seconds = time.perf_counter() - began
            np.save(f"{folder}/{key}.images.npy", images.numpy())
            weights = []
            for i, (n, p) in enumerate(model.named_parameters()):
                if p.grad is None:
                    continue
                value, gradient = f"{folder}/{key}.{i}.value.npy", f"{folder}/{key}.{i}.gradient.npy"
                np.save(value, np.ascontiguousarray(p.detach().numpy()).reshape(-1))
                np.save(gradient, np.ascontiguousarray(p.grad.numpy()).reshape(-1))
                weights.append({"name": n, "dims": list(p.shape), "value": value, "gradient": gradient})
            print(json.dumps({"name": key, "file": file, "size": size, "loss": float(loss), "margin": MARGIN, "seconds": seconds, "images": f"{folder}/{key}.images.npy", "weights": weights}), flush=True)
        except Exception as error:
            print(json.dumps({"name": key, "error": f"{type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"}), flush=True)
