"""Writes the file that `src/routing/classify/weights.rs` describes and reads."""
import hashlib
import json
import struct


def weights(path, model, curves, names, description):
    described = json.dumps(description | {"features": list(names), "dimensions": model.grams.coordinates.shape[1]}, separators=(",", ":")).encode()
    parts = [b"MRAUTO01", struct.pack("<I", len(described)), described]
    grams = model.grams
    parts.append(struct.pack("<I", len(grams.hashes)))
    parts += [struct.pack("<I", gram) for gram in grams.hashes]
    parts += [struct.pack("<i", int(weight)) for weight in model.words]
    parts.append(grams.coordinates.astype("int8").tobytes())
    parts += [struct.pack("<i", int(centre)) for centre in model.centres]
    parts.append(struct.pack("<i", model.bias))
    parts += [struct.pack("<i", int(slope)) for slope in model.line]
    parts.append(struct.pack("<I", len(model.trees)))
    for tree in model.trees:
        parts.append(struct.pack("<H", len(tree.nodes)))
        parts += [struct.pack("<HiHHi", *node) for node in tree.nodes]
    for knots in curves:
        parts.append(struct.pack("<H", len(knots)))
        parts += [struct.pack("<iH", *knot) for knot in knots]
    whole = b"".join(parts)
    with open(path, "wb") as file:
        file.write(whole + hashlib.sha256(whole).digest())
    return len(whole) + 32
