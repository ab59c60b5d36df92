import { evidence, type SimilarMember } from "shared/api/duplicates";
import { useQuery } from "shared/query/useQuery";
import { Loaded } from "shared/ui/Loaded";
import { ByteDifferences } from "./ByteDifferences";
import { PictureDifferences } from "./PictureDifferences";
import { TextDifferences } from "./TextDifferences";

interface Props {
  groupId: string;
  first: SimilarMember;
  /** The one that is compared with the first. */
  member: SimilarMember;
}

/** Where two contents differ: in words, in parts of the picture, or in bytes. */
export function Differences({ groupId, first, member }: Props) {
  const answer = useQuery(evidence(groupId, member.digest, first.digest));
  return (
    <Loaded answer={answer} lines={4}>
      {(found) => {
        switch (found.method) {
          case "text":
            return <TextDifferences evidence={found} />;
          case "picture":
            return <PictureDifferences evidence={found} first={first} member={member} />;
          case "content":
            return <p className="muted">The same files are in both: only how they are packed differs.</p>;
          case "bytes":
            return <ByteDifferences evidence={found} />;
        }
      }}
    </Loaded>
  );
}
