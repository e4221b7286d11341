#pragma once
// Precedence: a thread that should not be late goes before the others of a busy machine.

namespace assay {

/// While it lives, the calling thread and the threads that it starts are scheduled before those of
/// usual priority, as far as the system allows it: without the right to, nothing changes. Make and
/// destroy it on the same thread.
class Precedence {
 public:
  Precedence();
  ~Precedence();
  Precedence(const Precedence&) = delete;
  Precedence& operator=(const Precedence&) = delete;

 private:
  int before_;  ///< the nice value to go back to
};

}  // namespace assay
