import { DecisionList } from "features/duplicates/DecisionList";
import { DuplicateList } from "features/duplicates/DuplicateList";
import { SimilarList } from "features/duplicates/SimilarList";
import { ThresholdPanel } from "features/duplicates/ThresholdPanel";
import { decisionList, duplicateList, similarList } from "shared/api/duplicates";
import { formatBytes } from "shared/format/bytes";
import { formatNumber, plural } from "shared/format/text";
import { usePages } from "shared/query/usePages";
import { useListQuery } from "shared/query/useQuery";
import { replaceQuery } from "shared/router/useRoute";
import { Card } from "shared/ui/Card";
import { Loaded } from "shared/ui/Loaded";
import { EmptyNotice } from "shared/ui/Notice";
import { Pager } from "shared/ui/Pager";
import { Tabs } from "shared/ui/Tabs";
import type { RouteProps } from ".";

type Class = "identical" | "similar";

export function DuplicatesRoute({ query }: RouteProps) {
  const shown: Class = query.class === "similar" ? "similar" : "identical";
  const [identicalPages, similarPages] = [usePages("identical"), usePages("similar")];
  const identical = useListQuery(duplicateList({ after: identicalPages.after }));
  const similar = useListQuery(similarList({ after: similarPages.after }));
  const label = (name: string, groups: number | undefined) => (groups === undefined ? name : `${name} ${formatNumber(groups)}`);
  const bytes = (shown === "identical" ? identical : similar).data?.totals.reclaimableBytes;
  return (
    <Card title="Duplicates" note={bytes !== undefined && `${formatBytes(bytes)} to reclaim`}>
      <Tabs
        label="Classes of duplicates"
        tabs={[
          { id: "identical", label: label("Identical", identical.data?.totals.groups) },
          { id: "similar", label: label("Similar", similar.data?.totals.groups) },
        ]}
        selected={shown}
        onSelect={(choice) => replaceQuery("duplicates", { class: choice === "identical" ? undefined : choice })}
      >
        {shown === "identical" ? (
          <Loaded answer={identical} lines={8}>
            {({ items, next, totals }) => (
              <>
                {items.length === 0 ? (
                  <EmptyNotice title="No duplicates">Every file you keep here is the only one of its kind.</EmptyNotice>
                ) : (
                  <>
                    <p className="muted num">{plural(totals.copies, "file")}, byte for byte the same within each group</p>
                    <DuplicateList groups={items} />
                  </>
                )}
                <Pager pages={identicalPages} next={next} label="Pages of duplicate groups" />
              </>
            )}
          </Loaded>
        ) : (
          <Loaded answer={similar} lines={8}>
            {({ items, next, totals }) => (
              <>
                {items.length === 0 ? (
                  <EmptyNotice title="Nothing similar">No text, document or picture you keep here is a version of another.</EmptyNotice>
                ) : (
                  <>
                    <p className="muted num">{plural(totals.contents, "version")}: texts and documents that share their words, pictures that look alike</p>
                    <SimilarList groups={items} />
                  </>
                )}
                <Pager pages={similarPages} next={next} label="Pages of groups of similar files" />
                <ThresholdPanel />
                <Decisions />
              </>
            )}
          </Loaded>
        )}
      </Tabs>
    </Card>
  );
}

/** Takes no room until something was decided. */
function Decisions() {
  const pages = usePages("decisions");
  const { data } = useListQuery(decisionList({ after: pages.after }));
  if (!data || data.items.length === 0) return null;
  return (
    <section className="decisions">
      <h3>Said to be no duplicates</h3>
      <DecisionList decisions={data.items} />
      <Pager pages={pages} next={data.next} label="Pages of decisions" />
    </section>
  );
}
