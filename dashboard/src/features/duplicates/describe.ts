import type { ByteEvidence, PictureEvidence, SimilarMember } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { formatPercent, formatShare } from "shared/format/text";

/** Lighter or darker by less than this is not seen. */
const VISIBLE = 0.02;

/** In a sentence, how the other picture differs from the first. */
export function describe({ width, height, otherWidth, otherHeight, alignment, lighter, changedShare }: PictureEvidence): string {
  const scale = Math.sqrt((otherWidth * otherHeight) / (width * height));
  const parts = [
    scale < 0.98 || scale > 1.02 ? `${scale < 1 ? "smaller" : "larger"} (${formatPercent(scale, 1)})` : "",
    alignment === "inner" ? "shows more at its edges" : alignment === "outer" ? "cut off at its edges" : "",
    Math.abs(lighter) > VISIBLE ? (lighter > 0 ? "lighter" : "darker") : "",
    changedShare > 0 ? `${formatPercent(changedShare, 1)} of the area differs` : "",
  ].filter(Boolean);
  if (parts.length === 0) return "The same picture to the eye: compressed or written another way.";
  return `The same picture, but ${parts.join(", ")}.`;
}

/** In a word or two, how much a content has in common with the first of its group. */
export function describeLikeness({ likeness, score }: SimilarMember): string {
  return likeness === "same-content" ? "same content" : `${formatShare(score)} alike`;
}

/** In a sentence, how many bytes two contents have in common. */
export function describeBytes({ size, otherSize, commonBytes, otherCommonBytes }: ByteEvidence): string {
  const added = otherSize - otherCommonBytes;
  const gone = size - commonBytes;
  if (added === 0 && gone === 0) return "The same parts, in another order or number.";
  const changes = [added > 0 ? `${formatBytes(added)} are new` : "", gone > 0 ? `${formatBytes(gone)} are gone` : ""].filter(Boolean);
  return `${formatBytes(commonBytes)} of ${formatBytes(size)} are in both; ${changes.join(", ")}.`;
}
