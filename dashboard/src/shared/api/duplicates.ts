import type { Query } from "shared/query/cache";
import { get, type Page, withQuery, write } from "./http";

export interface DuplicateCopy {
  id: string;
  path: string;
  uploadedAt: string;
}

export interface DuplicateGroup {
  id: string;
  class: "identical";
  digest: string;
  size: number;
  copies: number;
  reclaimableBytes: number;
  matchedAt: string;
  /** The first copies, oldest first; at most 20. */
  files: DuplicateCopy[];
}

export interface DuplicatePage extends Page<DuplicateGroup> {
  totals: { groups: number; copies: number; reclaimableBytes: number };
}

export function duplicateList({ after, limit = 25 }: { after?: string | undefined; limit?: number }): Query<DuplicatePage> {
  const key = withQuery("/duplicates", { class: "identical", after, limit });
  return { key, fetch: () => get(key) };
}

/** One group as it is now. */
export function duplicateGroup(id: string): Query<DuplicateGroup> {
  const key = `/duplicates/${id}`;
  return { key, fetch: () => get(key) };
}

/** One content of a group of similar ones. */
export interface SimilarMember {
  digest: string;
  size: number;
  /** Which part it has in common with the first, 0 to 1. */
  score: number;
  /** What it has in common with the first: of that one itself nothing. */
  likeness?: "same-content" | "similar-text" | "similar-picture" | "similar-bytes";
  copies: number;
  /** The first copies, oldest first; at most 5. */
  files: DuplicateCopy[];
}

export interface SimilarGroup {
  id: string;
  class: "similar";
  contents: number;
  reclaimableBytes: number;
  matchedAt: string;
  /** The content that the others resemble, then the most alike; in a list at most 20. */
  members: SimilarMember[];
}

export interface SimilarPage extends Page<SimilarGroup> {
  totals: { groups: number; contents: number; reclaimableBytes: number };
}

export function similarList({ after, limit = 25 }: { after?: string | undefined; limit?: number }): Query<SimilarPage> {
  const key = withQuery("/duplicates", { class: "similar", after, limit });
  return { key, fetch: () => get(key) };
}

export function similarGroup(id: string): Query<SimilarGroup> {
  const key = `/duplicates/${id}`;
  return { key, fetch: () => get(key) };
}

/** A place at which two texts differ. */
export interface Change {
  before: string;
  removed: string;
  removedWords: number;
  added: string;
  addedWords: number;
  after: string;
}

export interface TextEvidence {
  method: "text";
  words: number;
  otherWords: number;
  commonWords: number;
  /** The first 20. */
  changes: Change[];
  changeCount: number;
}

/** A part of a picture, in fractions of its width and height. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PictureEvidence {
  method: "picture";
  /** In points: of the earlier content, and of the one that resembles it. */
  width: number;
  height: number;
  otherWidth: number;
  otherHeight: number;
  /** `inner`: the earlier one shows what is within the edges of the other; `outer`: the other way round. */
  alignment: "whole" | "inner" | "outer";
  /** How much lighter the other is, -1 to 1. */
  lighter: number;
  /** Of the area, 0 to 1. */
  changedShare: number;
  regions: Region[];
}

/** Two archives with the same members, or two compressed files with the same inside. */
export interface SameContentEvidence {
  method: "content";
}

/** Bytes one after another, all of them in the other content too, or none. */
export interface ByteRun {
  start: number;
  bytes: number;
  isCommon: boolean;
}

export interface ByteEvidence {
  method: "bytes";
  size: number;
  otherSize: number;
  commonBytes: number;
  otherCommonBytes: number;
  runs: ByteRun[];
  otherRuns: ByteRun[];
}

export type Evidence = TextEvidence | PictureEvidence | SameContentEvidence | ByteEvidence;

/** How `digest` came from `other`, word by word. */
export function evidence(groupId: string, digest: string, other: string): Query<Evidence> {
  // What was removed is what the first one has: the earlier content is asked for first.
  const key = withQuery(`/duplicates/${groupId}/evidence`, { digest: other, other: digest });
  return { key, fetch: () => get(key) };
}

/** From which likeness on contents are shown together, 0 to 1; null: never. */
export interface Thresholds {
  text: number | null;
  picture: number | null;
  bytes: number | null;
  sameContent: boolean;
}

/** With the lowest values there are: below them nothing is looked for. */
export interface OwnThresholds extends Thresholds {
  lowest: { text: number; picture: number; bytes: number };
}

interface SimilarTotals {
  groups: number;
  contents: number;
  reclaimableBytes: number;
}

export interface ThresholdPreview {
  now: SimilarTotals;
  then: SimilarTotals;
  /** Some that are shown together now and would not be. */
  parting: { paths: string[]; score: number; likeness: string }[];
}

export function ownThresholds(): Query<OwnThresholds> {
  return { key: "/me/thresholds", fetch: () => get("/me/thresholds") };
}

export function thresholdPreview({ text, picture, bytes, sameContent }: Thresholds): Query<ThresholdPreview> {
  const key = withQuery("/me/thresholds/preview", {
    text: text === null ? "off" : text,
    picture: picture === null ? "off" : picture,
    bytes: bytes === null ? "off" : bytes,
    sameContent: sameContent ? "yes" : "no",
  });
  return { key, fetch: () => get(key) };
}

export const setThresholds = ({ text, picture, sameContent }: Thresholds) =>
  write<OwnThresholds>("PUT", "/me/thresholds", { text, picture, sameContent });

export interface Decision {
  id: string;
  dismissedAt: string;
  contents: { digest: string; path: string | null }[];
}

export function decisionList({ after, limit = 10 }: { after?: string | undefined; limit?: number }): Query<Page<Decision>> {
  const key = withQuery("/decisions", { after, limit });
  return { key, fetch: () => get(key) };
}

export const dismiss = (groupId: string, digest: string, other: string) =>
  write<{ id: string }>("POST", `/duplicates/${groupId}/dismiss`, { digest, other });
export const undoDecision = (id: string) => write<{ id: string }>("POST", `/decisions/${id}/undo`);
