import type { InstallationSavings, Savings } from "shared/api/savings";
import { formatBytes } from "shared/format/bytes";
import { plural } from "shared/format/text";
import { segments } from "./segments";

/** The figure that matters most, and where it comes from. */
export function SavingsPicture({ savings }: { savings: Savings | InstallationSavings }) {
  const { logicalBytes, files, storedBytes } = savings;
  const parts = segments(savings);
  const spoken = parts.map(({ label, bytes }) => `${label} ${formatBytes(bytes)}`).join(", ");
  return (
    <section className="hero" aria-label="Space saved">
      <div>
        <p className="figure num" data-testid="saved">
          {formatBytes(logicalBytes - storedBytes)}
        </p>
        <p className="soft num">
          {files === 0
            ? "saved so far; send files to see what folds"
            : `you don't have to keep, of ${formatBytes(logicalBytes)} in ${plural(files, "file")}`}
        </p>
      </div>
      <div>
        <div className="bar" role="img" aria-label={`${formatBytes(logicalBytes)} logical: ${spoken}`}>
          {parts.map(({ name, share }) => (
            <i key={name} className={`seg-${name}`} style={{ width: `${share * 100}%` }} />
          ))}
        </div>
        <ul className="legend num">
          {parts.map(({ name, label, bytes }) => (
            <li key={name} data-testid={`saved-${name}`}>
              <i className={`sw seg-${name}`} aria-hidden="true" />
              {label} {formatBytes(bytes)}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
