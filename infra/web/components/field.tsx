// A control with its name and its fault.

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  name: string;
  fault: string;
  /** The control, with what ties it to its fault. */
  children: (fault: { "aria-invalid": boolean; "aria-describedby": string }) => ComponentChildren;
}

export function Field({ name, fault, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field grow">
      <label>
        {name}
        {children({ "aria-invalid": fault !== "", "aria-describedby": id })}
      </label>
      <p class="fault" role="alert" id={id}>
        {fault}
      </p>
    </div>
  );
}
