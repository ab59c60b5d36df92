// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Glibc

/// The system user under which private servers run.
///
/// Postgres refuses to run as root, and a Redis that root need not run should not be run by root. So a process of root
/// hands both to an unprivileged user; any other process runs them as itself.
public struct ServiceAccount: Sendable, Equatable {
  public let name: String
  public let uid: uid_t
  public let gid: gid_t

  /// In this order: the project's own user, then the ones that Debian's packages bring.
  static let candidates = ["onefold", "postgres", "redis"]

  /// The account to change to, or nil when this process isn't root and needs no change.
  public static func current() throws(LocalServiceError) -> ServiceAccount? {
    guard geteuid() == 0 else { return nil }
    for name in candidates {
      if let entry = getpwnam(name) {
        return ServiceAccount(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
      }
    }
    throw LocalServiceError(
      "Postgres refuses to run as root, and none of the users \(candidates.joined(separator: ", ")) exists. "
        + "Create one (useradd --system onefold) or start Onefold as an ordinary user.")
  }

  /// Whether this account may enter `directory`, seen from its permissions and those of the directories above it.
  func canEnter(_ directory: URL) -> Bool {
    var path = directory.resolvingSymlinksInPath()
    while true {
      var status = stat()
      guard stat(path.path, &status) == 0 else { return false }
      let mode = status.st_mode
      let search: mode_t =
        status.st_uid == uid ? mode_t(S_IXUSR) : status.st_gid == gid ? mode_t(S_IXGRP) : mode_t(S_IXOTH)
      guard mode & search != 0 else { return false }
      guard path.path != "/" else { return true }
      path.deleteLastPathComponent()
    }
  }

  func own(_ path: String) throws(LocalServiceError) {
    guard chown(path, uid, gid) == 0 else {
      throw LocalServiceError("\(path) cannot be given to user \(name): \(LocalServiceError.lastSystemError)")
    }
  }
}
