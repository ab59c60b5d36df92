// SPDX-License-Identifier: Apache-2.0

import Foundation

enum SignalMask {
  /// For threads that use hiredis: it writes with write(2), so a peer that is gone must be an error there, and not a signal that ends
  /// the process.
  static func blockPipe() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }
}
