import { useState } from "react";
import type { PictureEvidence, Region, SimilarMember } from "shared/api/duplicates";
import { formatNumber } from "shared/format/text";
import { Preview } from "shared/ui/Preview";
import { describe } from "./describe";

/** Points a side of what is compared by eye. */
const SIDE = 640;

interface Props {
  evidence: PictureEvidence;
  first: SimilarMember;
  member: SimilarMember;
}

/** Both pictures, one laid over the other as far as the slider says, with frames round the parts that differ. */
export function PictureDifferences({ evidence, first, member }: Props) {
  const [share, setShare] = useState(1);
  const [before, after] = [first.files[0], member.files[0]];
  if (!before || !after) return null;
  return (
    <>
      <p className="muted num">{describe(evidence)}</p>
      <div className="overlay" style={{ aspectRatio: `${evidence.width} / ${evidence.height}` }}>
        <Preview fileId={before.id} side={SIDE} alt={`First: ${before.path}`} />
        <div style={{ opacity: share }}>
          <Preview fileId={after.id} side={SIDE} alt={`Compared: ${after.path}`} />
        </div>
        {evidence.regions.map((region, index) => (
          <Frame key={index} region={region} />
        ))}
      </div>
      <label className="fade num">
        <span>First · {size(evidence.width, evidence.height)}</span>
        <input
          type="range"
          min={0}
          max={100}
          value={share * 100}
          aria-label="How much of the compared picture is shown"
          onChange={(event) => setShare(Number(event.target.value) / 100)}
        />
        <span>This · {size(evidence.otherWidth, evidence.otherHeight)}</span>
      </label>
    </>
  );
}

const size = (width: number, height: number) => `${formatNumber(width)} × ${formatNumber(height)}`;

function Frame({ region }: { region: Region }) {
  const percent = (part: number) => `${part * 100}%`;
  return (
    <i
      data-testid="region"
      style={{ left: percent(region.x), top: percent(region.y), width: percent(region.width), height: percent(region.height) }}
    />
  );
}
