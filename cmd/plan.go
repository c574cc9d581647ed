package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cradle/engine"
	"cradle/valuebag"
)

// savedPlan reads the plan that --apply names; nil without one.
func (o *syncOptions) savedPlan() (*engine.Plan, error) {
	switch {
	case o.save != "" && !o.dryRun:
		return nil, usageError("--save goes with --dry-run: a sync that carries its plan out has nothing to keep")
	case o.apply != "" && o.dryRun:
		return nil, usageError("--apply carries a plan out: leave --dry-run out")
	case o.apply != "" && o.accept != "":
		return nil, usageError("--apply agrees to all of its plan: leave --accept out")
	case o.apply == "":
		return nil, nil
	}
	text, err := os.ReadFile(o.apply)
	if err != nil {
		return nil, fmt.Errorf("the saved plan: %w", err)
	}
	bag := new(valuebag.Values)
	if err := bag.UnmarshalJSON(text); err != nil {
		return nil, badPlan(o.apply, err)
	}
	p, err := engine.PlanFromValues(bag)
	if err != nil {
		return nil, badPlan(o.apply, err)
	}
	return p, nil
}

func badPlan(file string, err error) error {
	if errors.Is(err, engine.ErrNewer) {
		return fmt.Errorf("the saved plan %s: %w", file, err)
	}
	return &failure{exit: exitFailure, Code: "plan", What: file + " is no saved plan", Why: err.Error(), Next: "cradle sync --dry-run --save " + quoteArg(file)}
}

// savePlan keeps a plan in a file, whole or not at all.
func savePlan(file string, p *engine.Plan) error {
	text, err := p.Values().MarshalJSON()
	if err != nil {
		return fmt.Errorf("the plan: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".cradle-plan-")
	if err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(text, '\n'))
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	if err := os.Rename(tmp.Name(), file); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	return nil
}
