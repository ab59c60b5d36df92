import { useEffect, useState } from "react";
import { type OwnThresholds, ownThresholds, setThresholds, type Thresholds, thresholdPreview } from "shared/api/duplicates";
import { formatShare, plural } from "shared/format/text";
import { cache } from "shared/query/cache";
import { useListQuery, useQuery } from "shared/query/useQuery";
import { Button } from "shared/ui/Button";
import { ErrorNotice } from "shared/ui/Notice";
import { Path } from "shared/ui/Path";
import { showToast } from "shared/ui/toastStore";
import { useAction } from "shared/ui/useAction";

/** How long a slider rests before it is asked what it would come to. */
const REST = 250;

/** How alike files have to be to be shown together: out of the way until it is opened. */
export function ThresholdPanel() {
  const { data } = useQuery(ownThresholds());
  return (
    <details className="thresholds">
      <summary>How alike they have to be</summary>
      {data && <Controls key={JSON.stringify(data)} own={data} />}
    </details>
  );
}

function Controls({ own }: { own: OwnThresholds }) {
  const [wanted, setWanted] = useState<Thresholds>(own);
  const rested = useRested(wanted, REST);
  const { data: preview, error } = useListQuery(thresholdPreview(rested));
  const save = useAction(async () => {
    await setThresholds(wanted);
    cache.invalidate(["/duplicates", "/me/thresholds"]);
    showToast("Groups follow what you have chosen");
  });
  const isChanged = JSON.stringify(pick(wanted)) !== JSON.stringify(pick(own));
  return (
    <>
      <Slider label="Texts and documents" lowest={own.lowest.text} value={wanted.text} onChange={(text) => setWanted({ ...wanted, text })} />
      <Slider label="Pictures" lowest={own.lowest.picture} value={wanted.picture} onChange={(picture) => setWanted({ ...wanted, picture })} />
      <Slider label="Other files, by their bytes" lowest={own.lowest.bytes} value={wanted.bytes} onChange={(bytes) => setWanted({ ...wanted, bytes })} />
      <label className="check">
        <input
          type="checkbox"
          checked={wanted.sameContent}
          onChange={(event) => setWanted({ ...wanted, sameContent: event.target.checked })}
        />
        <span>The same content, written another way</span>
      </label>
      {isChanged && preview && (
        <div data-testid="threshold-preview">
          <p className="num">
            {plural(preview.then.groups, "group")} of {plural(preview.then.contents, "version")}; now {plural(preview.now.groups, "group")} of{" "}
            {preview.now.contents}.
          </p>
          {preview.parting.length > 0 && (
            <>
              <p className="muted">No longer shown together:</p>
              <ul className="rows">
                {preview.parting.map(({ paths, score, likeness }) => (
                  <li key={paths.join("\n")} className="row">
                    <div>
                      {paths.map((path) => (
                        <div key={path}>
                          <Path path={path} />
                        </div>
                      ))}
                    </div>
                    <span className="muted num">{likeness === "same-content" ? "same content" : formatShare(score)}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
      {(save.error ?? error) && <ErrorNotice error={(save.error ?? error)!} />}
      <div className="compare-actions">
        <Button disabled={!isChanged || save.busy} onClick={() => void save.run()}>
          Save
        </Button>
        <Button disabled={!isChanged || save.busy} onClick={() => setWanted(own)}>
          Cancel
        </Button>
      </div>
    </>
  );
}

function pick({ text, picture, bytes, sameContent }: Thresholds): Thresholds {
  return { text, picture, bytes, sameContent };
}

interface SliderProps {
  label: string;
  lowest: number;
  value: number | null;
  onChange: (value: number | null) => void;
}

/** One step beyond the whole stands for never. */
function Slider({ label, lowest, value, onChange }: SliderProps) {
  const never = 101;
  const percent = value === null ? never : Math.round(value * 100);
  const text = value === null ? "never" : `from ${formatShare(value)}`;
  return (
    <label className="field">
      <span>
        {label} <span className="muted num">{text}</span>
      </span>
      <input
        type="range"
        min={Math.round(lowest * 100)}
        max={never}
        value={percent}
        aria-valuetext={text}
        onChange={(event) => {
          const chosen = Number(event.target.value);
          onChange(chosen === never ? null : Math.max(lowest, chosen / 100));
        }}
      />
    </label>
  );
}

/** The value once it has not changed for some milliseconds. */
function useRested<T>(value: T, rest: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), rest);
    return () => clearTimeout(timer);
  }, [value, rest]);
  return rested;
}
