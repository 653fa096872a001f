"""Published facts about the Merkle tree of RFC 6962 and RFC 9162."""

#: The leaves of the reference tree of Certificate Transparency: `merkle_tree_test` of github.com/google/certificate-transparency,
#: repeated in the tests of most logs; the tree is that of RFC 6962, section 2.1.
LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
#: The roots over the first 1 to 8 of them (ibid.).
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
#: By index from 0 and number of leaves, the inclusion path from the leaf up (ibid., where the index counts from 1).
PATHS = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
#: RFC 9162, section 2.1.1: the hash of an empty list is that of an empty string (its value: FIPS 180-4, SHA-256 of nothing).
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#: RFC 9162, section 2.1.5: the tree of seven leaves d0 to d6, whose nodes have these names: a to f and j are the hashes of d0 to d6,
#: the others are made of two. It calls j what it also calls by d6, the leaf that has no neighbour.
SEVEN_LEAVES = "abcdefj"
SEVEN_NODES = {"g": "ab", "h": "cd", "i": "ef", "k": "gh", "l": "ij", "root": "kl"}
#: The inclusion paths that the section lists, by the number of the leaf.
SEVEN_PATHS = {0: "bhl", 3: "cgl", 4: "fjk", 6: "ik"}
