// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What is found out about a request on its way in, for those on its way out: contexts are copied from middleware to middleware.
final class RequestFacts: Sendable {
  private let account = Mutex<UUID?>(nil)

  /// Who asks, once that is certain.
  var user: UUID? {
    get { account.withLock { $0 } }
    set { account.withLock { $0 = newValue } }
  }
}
