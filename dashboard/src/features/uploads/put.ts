import type { StoredFile } from "shared/api/files";
import { uploadPath } from "shared/api/files";
import { ApiError } from "shared/api/problem";
import { API, session } from "shared/api/session";

export interface PutResult {
  file: StoredFile;
  /** False when the path already had these bytes. */
  isNew: boolean;
}

export interface PutOptions {
  path: string;
  key: string;
  /** Names what is sent together. */
  batch: string;
  onProgress: (sent: number) => void;
  signal: AbortSignal;
}

/** Sends one file. XMLHttpRequest, because fetch does not tell how much of a body has been sent. */
export async function putFile(file: File, options: PutOptions): Promise<PutResult> {
  const token = await session.accessToken();
  const result = await attempt(file, token, options);
  if (result.status === 401) return finish(await attempt(file, await session.renew(token), options));
  return finish(result);
}

interface Answer {
  status: number;
  body: string;
  header: (name: string) => string | null;
}

function attempt(file: File, token: string, { path, key, batch, onProgress, signal }: PutOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", API + uploadPath(path));
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Idempotency-Key", key);
    request.setRequestHeader("Onefold-Batch", batch);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () =>
      resolve({ status: request.status, body: request.responseText, header: (name) => request.getResponseHeader(name) });
    request.onerror = () => reject(ApiError.unreachable());
    request.onabort = () => reject(new DOMException("The upload was cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) return request.onabort(new ProgressEvent("abort"));
    request.send(file);
  });
}

function finish({ status, body, header }: Answer): PutResult {
  if (status !== 200 && status !== 201) throw ApiError.from(status, body, header("Retry-After"));
  return { file: JSON.parse(body) as StoredFile, isNew: status === 201 };
}
