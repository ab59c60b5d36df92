// SPDX-License-Identifier: Apache-2.0

/// Why a command gave up, as a sentence that says what to do.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
