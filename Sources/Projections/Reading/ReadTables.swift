// SPDX-License-Identifier: Apache-2.0

/// The names under which statements find the read tables, so that one statement answers for now and for a moment in the past.
struct ReadTables: Sendable {
  let file: StaticString
  let member: StaticString
  let duplicateGroup: StaticString
  let copy: StaticString
  let placement: StaticString
  let dismissal: StaticString
  let resemblance: StaticString
  let threshold: StaticString
  let similarGroup: StaticString
  let ownerContent: StaticString
  let ownerSavings: StaticString
  let installationSavings: StaticString
  let account: StaticString
  let checkpoint: StaticString

  /// What the runners keep.
  static let live = ReadTables(
    file: "files.file", member: "duplicates.member", duplicateGroup: "duplicates.duplicate_group",
    copy: "similarity.copy", placement: "similarity.placement", dismissal: "similarity.dismissal",
    resemblance: "similarity.resemblance", threshold: "similarity.threshold",
    similarGroup: "similarity.similar_group",
    ownerContent: "savings.owner_content", ownerSavings: "savings.owner_savings",
    installationSavings: "savings.installation_savings",
    account: "quota.account", checkpoint: "projection.checkpoint")

  /// What ``TimeTravel`` has folded in this session.
  static let past = ReadTables(
    file: "pg_temp.file", member: "pg_temp.member", duplicateGroup: "pg_temp.duplicate_group",
    copy: "pg_temp.copy", placement: "pg_temp.placement", dismissal: "pg_temp.dismissal",
    resemblance: "pg_temp.resemblance", threshold: "pg_temp.threshold",
    similarGroup: "pg_temp.similar_group",
    ownerContent: "pg_temp.owner_content", ownerSavings: "pg_temp.owner_savings",
    installationSavings: "pg_temp.installation_savings",
    account: "pg_temp.account", checkpoint: "pg_temp.checkpoint")
}
