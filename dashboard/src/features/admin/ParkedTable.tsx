import type { ParkedEvent } from "shared/api/projections";
import { formatNumber, formatTime, plural } from "shared/format/text";

/** Events that read tables could not take, with the reason. */
export function ParkedTable({ events }: { events: ParkedEvent[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Parked events</caption>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Projection</th>
          <th scope="col">Position</th>
          <th scope="col">Last tried</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={`${event.projection} ${event.position}`}>
            <td>
              {event.type} <span className="tag">version {event.schemaVersion}</span>
              <div className="bad">{event.error}</div>
              <div className="muted path">{event.eventId}</div>
            </td>
            <td>{event.projection}</td>
            <td className="num" data-label="Position">
              {formatNumber(event.position)}
            </td>
            <td className="num" data-label="Last tried">
              {formatTime(event.lastAt)}, {plural(event.attempts, "time")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
