// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension Problem {
  static func invalidRequest(_ detail: String) -> Problem {
    Problem(name: "invalid-request", status: .badRequest, title: "The request is malformed", detail: detail)
  }

  static let incompleteBody = Problem(
    name: "incomplete-body", status: .badRequest, title: "The body ended early",
    detail: "The connection ended before the whole body had come. Nothing was kept.")

  static func unauthenticated(_ detail: String, tokenSent: Bool = false) -> Problem {
    Problem(
      name: "unauthenticated", status: .unauthorized, title: "Not signed in", detail: detail,
      headers: [.wwwAuthenticate: tokenSent ? "Bearer error=\"invalid_token\"" : "Bearer"])
  }

  static let invalidCredentials = Problem(
    name: "invalid-credentials", status: .unauthorized, title: "The email or the password is wrong",
    headers: [.wwwAuthenticate: "Bearer"])

  static func forbidden(_ detail: String) -> Problem {
    Problem(name: "forbidden", status: .forbidden, title: "Not allowed", detail: detail)
  }

  static let registrationClosed = Problem(
    name: "registration-closed", status: .forbidden, title: "Registration is closed",
    detail: "Ask an administrator of this installation for an account.")

  /// One wording for what does not exist and for what belongs to somebody else.
  static let notFound = Problem(
    name: "not-found", status: .notFound, title: "Not found", detail: "There is nothing here for this account.")

  static func methodNotAllowed(allowed: [HTTPRequest.Method]) -> Problem {
    let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
    return Problem(
      name: "method-not-allowed", status: .methodNotAllowed, title: "The path does not know this method",
      detail: "Allowed: \(names).", headers: [.allow: names])
  }

  static let tooSlow = Problem(
    name: "too-slow", status: .requestTimeout, title: "The body came too slowly", detail: "Nothing was kept.")

  static func conflict(_ detail: String) -> Problem {
    Problem(name: "conflict", status: .conflict, title: "Changed by another request", detail: detail)
  }

  static func alreadyRebuilding(_ detail: String) -> Problem {
    Problem(name: "already-rebuilding", status: .conflict, title: "The projection is being rebuilt", detail: detail)
  }

  static func nothingToRollBackTo(_ detail: String) -> Problem {
    Problem(
      name: "nothing-to-roll-back-to", status: .conflict, title: "There is nothing to roll back to", detail: detail)
  }

  static let emailTaken = Problem(
    name: "email-taken", status: .conflict, title: "The email address has an account already")

  static let fileIsTrashed = Problem(
    name: "file-is-trashed", status: .conflict, title: "The file is in the trash already")

  static let fileIsLive = Problem(name: "file-is-live", status: .conflict, title: "The file is not in the trash")

  static let pathTaken = Problem(
    name: "path-taken", status: .conflict, title: "Another file has the path",
    detail: "A live file has this path now; trash it first.")

  static let jobIsOpen = Problem(
    name: "job-is-open", status: .conflict, title: "The job waits or runs already")

  static let jobHasEnded = Problem(
    name: "job-has-ended", status: .conflict, title: "The job has ended", detail: "There is nothing left to do for it.")

  static let jobIsNoDeadLetter = Problem(
    name: "job-is-no-dead-letter", status: .conflict, title: "The job is no dead letter",
    detail: "Only a dead letter is discarded. A job that is still to be done is cancelled.")

  static let idempotencyKeyReused = Problem(
    name: "idempotency-key-reused", status: .unprocessableContent,
    title: "The Idempotency-Key was used for something else",
    detail: "Its first use was another request. Send this one under a key of its own.")

  static let writeIsUnderWay = Problem(
    name: "write-is-under-way", status: .conflict, title: "The same request is being carried out",
    detail: "It came before under this Idempotency-Key, and has no answer yet. Send it again for that.",
    headers: [.retryAfter: "1"])

  static func contentTooLarge(limit: Int64) -> Problem {
    Problem(
      name: "content-too-large", status: .contentTooLarge, title: "The body is larger than allowed",
      detail: "At most \(limit) bytes are allowed here.")
  }

  static let unsupportedMediaType = Problem(
    name: "unsupported-media-type", status: .unsupportedMediaType, title: "The body is not JSON",
    detail: "Send it with Content-Type: application/json.")

  static let unsupportedArchive = Problem(
    name: "unsupported-archive", status: .unsupportedMediaType, title: "The body is no archive of a kind that is taken",
    detail: "Send a tar archive, not compressed, with Content-Type: application/x-tar.")

  static func rangeNotSatisfiable(size: Int64) -> Problem {
    Problem(
      name: "range-not-satisfiable", status: .rangeNotSatisfiable, title: "The range begins past the end",
      detail: "The content has \(size) bytes.", headers: [.contentRange: "bytes */\(size)"])
  }

  static func invalidValue(_ detail: String) -> Problem {
    Problem(name: "invalid-value", status: .unprocessableContent, title: "A value is not allowed", detail: detail)
  }

  static func invalidPath(_ detail: String) -> Problem {
    Problem(name: "invalid-path", status: .unprocessableContent, title: "The path is not allowed", detail: detail)
  }

  static func inTheFuture(_ detail: String) -> Problem {
    Problem(name: "in-the-future", status: .unprocessableContent, title: "The moment has not come", detail: detail)
  }

  static let beforeTheAccount = Problem(
    name: "before-the-account", status: .notFound, title: "The account did not exist then",
    detail: "There was nothing to see, and nobody to see it.")

  static func tooMuchHistory(_ detail: String) -> Problem {
    Problem(
      name: "too-much-history", status: .unprocessableContent, title: "The past is too long for one answer",
      detail: detail)
  }

  static let digestMismatch = Problem(
    name: "digest-mismatch", status: .unprocessableContent, title: "The bytes are not those of the stated digest",
    detail: "They hash to something else. Nothing of them was kept.")

  static let upgradeRequired = Problem(
    name: "upgrade-required", status: .upgradeRequired, title: "A WebSocket upgrade is required",
    detail: "Open this path as a WebSocket, as the first request of its connection.",
    headers: [.upgrade: "websocket", .connection: "upgrade"])

  static func rateLimited(retryAfter seconds: Int) -> Problem {
    Problem(
      name: "rate-limited", status: .tooManyRequests, title: "Too many tries",
      detail: "Try again in \(seconds) seconds.", headers: [.retryAfter: String(seconds)])
  }

  static let `internal` = Problem(
    name: "internal", status: .internalServerError, title: "The server made a mistake",
    detail: "The log has the details under the id of this request.")

  static func logTampered(_ detail: String) -> Problem {
    Problem(
      name: "log-tampered", status: .internalServerError, title: "The log is not what was sealed", detail: detail)
  }

  static func notYet(position: Int64) -> Problem {
    Problem(
      name: "not-yet", status: .serviceUnavailable, title: "Not there yet",
      detail: "The tables that are read have not reached position \(position) in time.", headers: [.retryAfter: "1"])
  }

  static func unavailable(_ detail: String) -> Problem {
    Problem(
      name: "unavailable", status: .serviceUnavailable, title: "A part of the server is not available",
      detail: detail, headers: [.retryAfter: "2"])
  }

  static func quotaExceeded(_ detail: String) -> Problem {
    Problem(
      name: "quota-exceeded", status: .insufficientStorage, title: "The quota does not have room", detail: detail)
  }

  static let storageFull = Problem(
    name: "storage-full", status: .insufficientStorage, title: "The server's disk is full")
}

extension HTTPResponse.Status {
  /// RFC 4918, section 11.5.
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
