// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Takes whole lines, one at a time.
public struct LogSink: Sendable {
  private let accept: @Sendable (String) -> Void

  public init(_ accept: @escaping @Sendable (String) -> Void) { self.accept = accept }

  func write(_ line: String) { accept(line) }

  /// Lines of several threads never mix, also when the descriptor takes only a part of one at once.
  static let standardOutput = LogSink { line in
    lock.withLock { _ in
      var line = line
      line.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
          let written = Foundation.write(STDOUT_FILENO, rest.baseAddress, rest.count)
          // Nobody reads any more, or the disk is full: there is no better place to say so.
          guard written > 0 || errno == EINTR else { return }
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, written)))
        }
      }
    }
  }

  private static let lock = Mutex(())
}
