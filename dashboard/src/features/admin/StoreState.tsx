import type { DamagedContent, StoreHealth } from "shared/api/store";
import { formatBytes } from "shared/format/bytes";
import { formatTime, plural } from "shared/format/text";
import { Path } from "shared/ui/Path";
import { Progress } from "shared/ui/Progress";

/** How far reading everything again has come, and what is damaged. */
export function StoreState({ health }: { health: StoreHealth }) {
  const { scrub, damaged, items } = health;
  return (
    <>
      <p>
        {damaged === 0 ? "No damage is known. " : <strong className="bad">{plural(damaged, "content")} damaged. </strong>}
        {scrub.finishedAt ? `Everything was read last at ${formatTime(scrub.finishedAt)}.` : "It was never read whole yet."}
      </p>
      {scrub.underWay && (
        <div className="rebuild">
          <Progress label="Reading everything again" value={scrub.bytes} max={scrub.totalBytes} />
          <p className="muted num">
            {formatBytes(scrub.bytes)} of {formatBytes(scrub.totalBytes)} read again
          </p>
        </div>
      )}
      {items.length > 0 && <DamageTable items={items} />}
    </>
  );
}

function DamageTable({ items }: { items: DamagedContent[] }) {
  return (
    <>
      <p className="muted">It is not handed out. Send a file with these bytes again, under any path: that mends it for everybody.</p>
      <table className="table">
        <caption className="sr-only">Damaged contents</caption>
        <thead>
          <tr>
            <th scope="col">Files that have it</th>
            <th scope="col">Size</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.digest}>
              <td>
                {item.holders.map((holder) => (
                  <div key={`${holder.owner} ${holder.path}`}>
                    <Path path={holder.path} />
                  </div>
                ))}
                <div className="bad">{item.reason}</div>
              </td>
              <td className="num" data-label="Size">
                {formatBytes(item.size)}
              </td>
              <td className="num" data-label="Found">
                {formatTime(item.foundAt)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
