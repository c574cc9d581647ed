package pim

// Digests of scheme 1, as phones keep them in their states.
const (
	goldenName       = "a7daed96c3d0d1c4df1c17f2ec3a7c31"
	goldenTel        = "22f4476eca0759db06ac548143b1f1ce"
	goldenPhoto      = "1b25e6d7d49d6dcfc49015f04c6af119"
	goldenCategories = "9ce8b6c0d0181cccc17b67fb0e451f14"
	goldenCollection = "a2b9fa33cf47940fdad3dfebe370a185"
	goldenElements   = "79f744bb150124ed 7df65fbca5c268da fe9dcf4b4d4bc89b"
)
