// SPDX-License-Identifier: Apache-2.0

import Foundation

extension UUID {
  /// Before every other, in the order of Postgres.
  static let zero = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
