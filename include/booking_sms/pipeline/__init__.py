"""The use cases: extract, plan, load, dispatch, reconcile. They know ports and domain only."""
