// SPDX-License-Identifier: Apache-2.0

import Domain
import Postgres

extension Digest {
  /// Reads a column that a projection wrote.
  static func read(_ text: String) throws(PostgresError) -> Digest {
    guard let digest = Digest(text) else { throw PostgresError(.decoding, "\"\(text)\" is no digest") }
    return digest
  }
}

extension RawRepresentable where RawValue == String {
  /// Reads a column that a projection wrote.
  static func read(_ text: String) throws(PostgresError) -> Self {
    guard let value = Self(rawValue: text) else { throw PostgresError(.decoding, "\"\(text)\" is no \(Self.self)") }
    return value
  }
}
