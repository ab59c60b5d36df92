// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// One page of ListObjectsV2. Names of this store's objects need no escaping, so nothing of XML is needed but its tags.
struct S3Listing {
  let objects: [(name: String, written: Date)]
  /// What to ask for the next page with; nil at the end.
  let next: String?

  init(_ xml: String) {
    objects = xml.components(separatedBy: "<Contents>").dropFirst().compactMap { part in
      guard let name = Self.text(of: "Key", in: part),
        let written = Self.text(of: "LastModified", in: part).flatMap({ Date(rfc3339: $0) })
      else { return nil }
      return (name, written)
    }
    next = Self.text(of: "IsTruncated", in: xml) == "true" ? Self.text(of: "NextContinuationToken", in: xml) : nil
  }

  /// What the first element of this name holds.
  static func text(of element: String, in xml: String) -> String? {
    guard let start = xml.range(of: "<\(element)>"),
      let end = xml.range(of: "</\(element)>", range: start.upperBound..<xml.endIndex)
    else { return nil }
    return xml[start.upperBound..<end.lowerBound].replacingOccurrences(of: "&amp;", with: "&")
  }
}
