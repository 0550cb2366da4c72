// A library to preload into a program, whose wall clock is then so many nanoseconds off as the file
// $OSPROXY_TEST_WALL_CLOCK holds, in binary, at each moment. The other clocks are left alone, as
// they are when somebody sets the time: libfaketime refuses the one that counts since boot.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

using ClockGettime = int (*)(clockid_t, timespec*);

const std::atomic<std::int64_t>* map_shift() {
  const char* path = std::getenv("OSPROXY_TEST_WALL_CLOCK");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();  // a test that believes that it has shifted the clock
  void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<const std::atomic<std::int64_t>*>(memory);
}

std::int64_t shift_ns() {
  static const std::atomic<std::int64_t>* const shift = map_shift();
  return shift->load(std::memory_order_relaxed);  // one value, nothing else depends on it
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* time) noexcept {
  static const auto real = reinterpret_cast<ClockGettime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(id, time);
  if (result != 0 || id != CLOCK_REALTIME) return result;
  const std::int64_t ns = time->tv_sec * kNsPerSecond + time->tv_nsec + shift_ns();
  *time = {.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
  return 0;
}

extern "C" int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return result;
}
