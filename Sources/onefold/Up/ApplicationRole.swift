// SPDX-License-Identifier: Apache-2.0

import Postgres

/// The database role under which every process works: it can append and read, and cannot change the past.
enum ApplicationRole {
  static let name = "onefold_app"

  /// Lets the role sign in: without a password behind a private socket, with one on a shared server.
  static func allowSignIn(password: String?, on connection: PostgresConnection) async throws {
    // ALTER ROLE takes no parameters; format(%L) quotes in the server, where the rules are known.
    _ = try await connection.query("SELECT set_config('onefold.app_password', \(password ?? ""), false)")
    try await connection.script(
      """
      DO $$
      DECLARE password text := current_setting('onefold.app_password');
      BEGIN
        IF password = '' THEN
          ALTER ROLE onefold_app LOGIN;
        ELSE
          EXECUTE format('ALTER ROLE onefold_app LOGIN PASSWORD %L', password);
        END IF;
      END
      $$;
      SELECT set_config('onefold.app_password', '', false);
      """)
  }
}
