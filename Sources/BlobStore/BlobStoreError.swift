// SPDX-License-Identifier: Apache-2.0

public import Domain
import Glibc

/// Why the blob store could not do what it was asked.
public enum BlobStoreError: Error, Equatable, CustomStringConvertible {
  /// No blob has this digest.
  case notFound(Digest)
  /// The stored bytes are not those of the digest.
  case damaged(Digest, String)
  /// What was staged is not what its sender said.
  case mismatch(expected: Digest, actual: Digest)
  case rangeOutside(Range<Int64>, size: Int64)
  /// No room, or over the disk's quota.
  case full
  /// The blob was finished or discarded before this call, or the call before it failed.
  case closed
  /// The service that keeps the bytes does not answer, or refuses. A sentence for operators: it names places.
  case unavailable(String)
  /// The place is another installation's.
  case foreign(String)
  /// Anything else that the operating system refused.
  case system(operation: String, path: String, errno: Int32)

  /// Whether the same call may work later.
  public var isTransient: Bool {
    switch self {
    case .full, .unavailable: true
    case .system(_, _, let code): [EINTR, EAGAIN, EMFILE, ENFILE, ENOMEM].contains(code)
    case .notFound, .damaged, .mismatch, .rangeOutside, .closed, .foreign: false
    }
  }

  public var description: String {
    switch self {
    case .notFound(let digest): "no blob \(digest)"
    case .damaged(let digest, let reason): "the blob \(digest) is damaged: \(reason)"
    case .mismatch(let expected, let actual): "the staged bytes have the digest \(actual), not \(expected)"
    case .rangeOutside(let range, let size): "bytes \(range) are outside of a blob of \(size) bytes"
    case .full: "the disk of the blob store is full"
    case .closed: "the staged blob is closed"
    case .foreign(let place):
      "\(place) holds the contents of another installation: restore the database that belongs to it, or choose another ONEFOLD_S3_PREFIX"
    case .unavailable(let reason): "the blob store does not answer: \(reason)"
    case .system(let operation, let path, let code): "\(operation) \(path): \(String(cString: strerror(code)))"
    }
  }
}
