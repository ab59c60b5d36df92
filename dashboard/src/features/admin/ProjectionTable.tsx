import type { ProjectionStatus } from "shared/api/admin";
import { formatNumber, formatTime } from "shared/format/text";

/** How far each projection has followed the log. */
export function ProjectionTable({ projections }: { projections: ProjectionStatus[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Projections</caption>
      <thead>
        <tr>
          <th scope="col">Projection</th>
          <th scope="col">Version</th>
          <th scope="col">Position</th>
          <th scope="col">Behind</th>
          <th scope="col">Moved</th>
        </tr>
      </thead>
      <tbody>
        {projections.map(({ name, version, position, lag, updatedAt, error }) => (
          <tr key={name}>
            <td>
              {name}
              {error && <div className="bad">{error}</div>}
            </td>
            <td className="num" data-label="Version">
              {version}
            </td>
            <td className="num" data-label="Position">
              {formatNumber(position)}
            </td>
            <td className="num" data-label="Behind">
              {formatNumber(lag)}
            </td>
            <td className="num" data-label="Moved">
              {formatTime(updatedAt)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
