"""Each outside service is met in one package, which speaks its language and hands ours back."""
