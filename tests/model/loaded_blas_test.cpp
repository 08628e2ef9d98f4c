#include "model/loaded_blas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = LoadedBlas::Kind;

const std::string kLib = "/usr/lib/x86_64-linux-gnu/";

/// A line of /proc/self/maps.
std::string Mapped(const std::string& path, const std::string& access = "r-xp") {
  return "7f2a4c000000-7f2a4c021000 " + access + " 00000000 fe:01 131342                     " + path + "\n";
}

TEST(FindBlas, KnowsTheReferenceLibrary) {
  const std::string path = kLib + "blas/libblas.so.3.11.0";
  const LoadedBlas blas = FindBlas(Mapped("[heap]") + Mapped(kLib + "libtorch_cpu.so") +
                                   Mapped(path, "r--p") + Mapped(path) + Mapped(""));
  EXPECT_EQ(blas.kind, Kind::kReference);
  EXPECT_THAT(blas.paths, ElementsAre(path));  // mapped in parts, named once
  EXPECT_EQ(DescribeBlas(blas, ""), "reference BLAS");
}

TEST(FindBlas, KnowsOpenBlasByItsFolderAlso) {
  const std::string alias = kLib + "openblas-pthread/libblas.so.3",
                    real = kLib + "openblas-pthread/libopenblasp-r0.3.21.so";
  const LoadedBlas blas = FindBlas(Mapped(real) + Mapped(alias));
  EXPECT_EQ(blas.kind, Kind::kOpenBlas);
  EXPECT_THAT(blas.paths, ElementsAre(alias, real));
  EXPECT_EQ(DescribeBlas(blas, "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH"), "OpenBLAS 0.3.21");
  EXPECT_EQ(DescribeBlas(blas, "OpenBLAS 0.3.21"), "OpenBLAS 0.3.21");
  EXPECT_EQ(DescribeBlas(blas, ""), "OpenBLAS");
}

TEST(FindBlas, DoesNotCallTheReferenceLibraryUsedBesideAFastOne) {
  const std::string reference = Mapped(kLib + "blas/libblas.so.3.11.0");
  EXPECT_EQ(FindBlas(reference + Mapped("/opt/openblas/libopenblas.so.0")).kind, Kind::kOpenBlas);
  EXPECT_EQ(FindBlas(reference + Mapped("/opt/intel/libmkl_core.so.2")).kind, Kind::kMkl);
  EXPECT_EQ(FindBlas(reference + Mapped(kLib + "libblis.so.4")).kind, Kind::kOther);
}

TEST(FindBlas, NamesTheOthersByTheirFile) {
  EXPECT_EQ(DescribeBlas(FindBlas(Mapped(kLib + "libblis.so.4")), ""), "libblis.so.4");
  EXPECT_EQ(DescribeBlas(FindBlas(Mapped("/opt/intel/libmkl_core.so.2")), ""), "MKL");
}

TEST(FindBlas, TakesNoneForBuiltIn) {
  const LoadedBlas blas = FindBlas(Mapped(kLib + "libtorch_cpu.so") + Mapped("/home/a/openblas-notes.txt"));
  EXPECT_EQ(FindBlas("").kind, Kind::kBuiltIn);
  EXPECT_THAT(FindBlas("").paths, IsEmpty());
  EXPECT_EQ(DescribeBlas(FindBlas(Mapped(kLib + "libtorch_cpu.so")), ""), "built into LibTorch");
  EXPECT_EQ(blas.kind, Kind::kBuiltIn);
}

}  // namespace
}  // namespace reelswap
