// SPDX-License-Identifier: Apache-2.0

import Postgres

/// Asking again while a database restarts: right for whatever may be asked twice.
enum Patience {
  static let pause = Duration.milliseconds(20)
  private static let limit = Duration.seconds(60)

  /// - Throws: the last error, once a minute has passed; at once what asking again cannot change.
  static func persist<Value>(_ body: () async throws -> Value) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
      do {
        return try await body()
      } catch let error as PostgresError
        where (error.isTransient || error.code == .commitUnknown) && ContinuousClock.now < deadline
      {
        try await Task.sleep(for: pause)
      }
    }
  }
}
