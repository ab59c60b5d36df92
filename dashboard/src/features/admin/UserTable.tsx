import type { User } from "shared/api/admin";
import { formatBytes } from "shared/format/bytes";
import { formatTime } from "shared/format/text";
import { QuotaForm } from "./QuotaForm";

/** Everyone with an account, what they use, and what they may use. */
export function UserTable({ users }: { users: User[] }) {
  return (
    <table className="table">
      <caption className="sr-only">Users</caption>
      <thead>
        <tr>
          <th scope="col">Email</th>
          <th scope="col">Since</th>
          <th scope="col">Used</th>
          <th scope="col">Quota</th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <td>
              <span className="path">{user.email}</span> {user.role === "admin" && <span className="tag">admin</span>}{" "}
              {user.disabled && <span className="tag">disabled</span>}
            </td>
            <td className="num" data-label="Since">
              {formatTime(user.createdAt)}
            </td>
            <td className="num" data-label="Used">
              {formatBytes(user.usedBytes)}
            </td>
            <td>
              <QuotaForm key={user.quotaBytes} user={user} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
