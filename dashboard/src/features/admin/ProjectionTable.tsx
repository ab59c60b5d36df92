import type { ProjectionStatus } from "shared/api/projections";
import { formatNumber, formatTime, plural } from "shared/format/text";
import { ProjectionActions } from "./ProjectionActions";
import { RebuildState } from "./RebuildState";
import { useRebuilds } from "./rebuilds";

/** How far each projection has followed the log, and what can be done about it. */
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
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {useRebuilds(projections).map((projection) => (
          <ProjectionRow key={projection.name} projection={projection} />
        ))}
      </tbody>
    </table>
  );
}

function ProjectionRow({ projection }: { projection: ProjectionStatus }) {
  const { name, version, position, lag, updatedAt, error, parked, rebuild } = projection;
  return (
    <tr>
      <td>
        {name}
        {error && <div className="bad">{error}</div>}
        {parked > 0 && <div className="bad">{plural(parked, "event")} parked</div>}
        {rebuild && <RebuildState name={name} rebuild={rebuild} />}
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
      <td>
        <ProjectionActions projection={projection} />
      </td>
    </tr>
  );
}
