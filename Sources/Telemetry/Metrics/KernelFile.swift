// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file of /proc or /sys: it has no size, so it is read to its end.
enum KernelFile {
  /// Nil when it is not there, or not for us.
  static func text(of path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}
