import { type ReactNode, useId } from "react";

interface Props {
  title: string;
  /** Said beside the title, in a softer voice. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A titled region of a page. */
export function Card({ title, note, actions, children }: Props) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>
          {title} {note && <span className="num">{note}</span>}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
